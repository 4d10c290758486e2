"""Where files lie, once each, by their SHA-256: a folder (the default), or a bucket that speaks S3.

`config` says which, `folder` and `s3` are the port, `hashes` what a file is called.
"""
