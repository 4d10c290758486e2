"""What many processes share through Redis: wake-ups, live news, token buckets. Redis 6.2 and newer.

Nothing here is the only copy of anything: Redis lost, hanging or restarted empty costs time, never a
message. `link` is the connection and the circuit around it, `scripts` what runs inside Redis, `taking`
and `sending` the two directions of wake-ups, `live` the news for open sockets, `bus` puts them together
behind the port, `buckets` paces many senders as one.
"""
