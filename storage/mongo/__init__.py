"""The store for several processes: a MongoDB database, on a replica set, a sharded cluster or one server.

The conversation's document is the atomic unit; everything else is an append that may be repeated.
`store` is the port, `groups` lets calls that come at once share commands, `arrivals` takes signals in,
`conversations` reads and commits, `due` and `leases` tell workers what to do and who is at work,
`migrations` makes the indexes, `findings` says what an administrator should change.
"""
