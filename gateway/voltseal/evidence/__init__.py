"""Evidence bundles: the file format, disclosure of columns, and export from a store.

`jcs`, `bundle`, `layout`, `container` and `disclosure` are pure or read only the stream they are given: the verifier
may import them. `export` and `source` belong to the gateway, which alone has a store.
"""
