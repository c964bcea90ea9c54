"""The exchange's gRPC interface as Python code: a leaf that imports nothing of this project.

`orderbook_wire.v1` holds version 1. What is in it was generated from proto/ by `make proto`; it needs the extra
`obctl[server]`.
"""
