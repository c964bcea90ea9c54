"""The single writer: every command of every transport is stamped, put in order, carried out and written down here."""
