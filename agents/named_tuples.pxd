"""Named tuples made from compiled code: by their classes themselves they would cost several times as much."""

cdef extern from *:
    """
    static inline PyObject *agents_as_named(PyObject *kind, PyObject *values) {
        Py_ssize_t size = PyTuple_GET_SIZE(values);
        PyObject *named = ((PyTypeObject *)kind)->tp_alloc((PyTypeObject *)kind, size);
        if (named != NULL) {
            for (Py_ssize_t place = 0; place < size; place++) {
                PyObject *value = PyTuple_GET_ITEM(values, place);
                Py_INCREF(value);
                PyTuple_SET_ITEM(named, place, value);
            }
        }
        return named;
    }
    """
    # Return a named tuple of this class, of as many values as it has fields.
    object as_named "agents_as_named"(object kind, tuple values)
