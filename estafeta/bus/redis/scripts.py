"""What runs inside Redis: each script is one step that happens wholly or not at all.

Only commands of Redis 6.2 (https://redis.io/docs/latest/commands/). All keys of a script are named in
KEYS and share the prefix's hash tag. Times come from the server; no worker's clock enters.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Script:
    """Redis knows a script it has seen by `sha`, the SHA-1 of its text."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest())


SEND = Script("""
-- What has gathered: entries that are done, locks to free, news, conversations to wake.
-- KEYS: the stream, the waking conversations' woken-keys, locks.
-- ARGV: group, worker, ms a woken-key lives, most entries, channel, counts of wakes and ids; ids; wakes; news.
local wakes, ids = tonumber(ARGV[6]), tonumber(ARGV[7])
for n = 8, 7 + ids do
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[n])
  redis.call('XDEL', KEYS[1], ARGV[n])
end
for n = 2 + wakes, #KEYS do
  if redis.call('GET', KEYS[n]) == ARGV[2] then redis.call('DEL', KEYS[n]) end
end
for n = 8 + ids + wakes, #ARGV do
  redis.call('PUBLISH', ARGV[5], ARGV[n])
end
for n = 1, wakes do
  if redis.call('SET', KEYS[1 + n], ARGV[2], 'NX', 'PX', ARGV[3]) then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'c', ARGV[7 + ids + n])
  end
end
return 1
""")

LOCK = Script("""
-- Before the work: whoever wakes these conversations from now on queues them anew. 1 for each lock got.
-- KEYS: woken-keys, as many locks. ARGV: worker, ms a lock lives, '1' to take locks from whoever has them.
local got, count = {}, #KEYS / 2
for n = 1, count do
  local lock = KEYS[count + n]
  redis.call('DEL', KEYS[n])
  if ARGV[3] == '1' then
    redis.call('SET', lock, ARGV[1], 'PX', ARGV[2])
    got[n] = 1
  elseif redis.call('SET', lock, ARGV[1], 'NX', 'PX', ARGV[2]) or redis.call('GET', lock) == ARGV[1] then
    got[n] = 1
  else
    got[n] = 0
  end
end
return got
""")

RENEW = Script("""
-- Keeps what this worker is at: its entries stay young, its locks live on.
-- KEYS: the stream, locks. ARGV: group, worker, ms a lock lives, ids.
local claim = {'XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0}
for n = 4, #ARGV do claim[#claim + 1] = ARGV[n] end
claim[#claim + 1] = 'JUSTID'
redis.call(unpack(claim))
for n = 2, #KEYS do
  if redis.call('GET', KEYS[n]) == ARGV[2] then redis.call('PEXPIRE', KEYS[n], ARGV[3]) end
end
return 1
""")

CLAIM = Script("""
-- Entries that somebody took long ago and did not finish, now this worker's: cursor, {id, fields}...
-- KEYS: the stream. ARGV: group, worker, ms that are long ago, count, cursor.
local found = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[5], 'COUNT', ARGV[4], 'JUSTID')
local claimed = {found[1]}
for _, id in ipairs(found[2]) do
  local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
  if entry then claimed[#claimed + 1] = entry else redis.call('XACK', KEYS[1], ARGV[1], id) end
end
return claimed
""")

MINE = Script("""
-- What Redis gave to this worker, whether it ever arrived or not: {id, fields}...
-- KEYS: the stream. ARGV: group, worker, count.
local mine = {}
for _, pending in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', ARGV[3], ARGV[2])) do
  local entry = redis.call('XRANGE', KEYS[1], pending[1], pending[1])[1]
  if entry then mine[#mine + 1] = entry else redis.call('XACK', KEYS[1], ARGV[1], pending[1]) end
end
return mine
""")

LEAVE = Script("""
-- Puts all that this worker took and did not finish back at the end of the stream, and the worker out.
-- KEYS: the stream, locks. ARGV: group, worker, most entries at once.
local back = 0
repeat
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', ARGV[3], ARGV[2])
  for _, taken in ipairs(pending) do
    local entry = redis.call('XRANGE', KEYS[1], taken[1], taken[1])[1]
    if entry then redis.call('XADD', KEYS[1], '*', unpack(entry[2])) end
    redis.call('XACK', KEYS[1], ARGV[1], taken[1])
    redis.call('XDEL', KEYS[1], taken[1])
    back = back + 1
  end
until #pending == 0
for n = 2, #KEYS do
  if redis.call('GET', KEYS[n]) == ARGV[2] then redis.call('DEL', KEYS[n]) end
end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return back
""")

PRUNE = Script("""
-- Takes workers out of the group that have nothing and have not asked for anything for long.
-- KEYS: the stream. ARGV: group, worker, ms that are long.
local gone = 0
for _, told in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local about = {}
  for n = 1, #told, 2 do about[told[n]] = told[n + 1] end
  if about['name'] ~= ARGV[2] and about['pending'] == 0 and about['idle'] > tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about['name'])
    gone = gone + 1
  end
end
return gone
""")

BUCKETS = Script("""
-- Token buckets: 'take' answers the seconds to wait, 0 when taken; 'block' and 'give' answer 0.
-- KEYS: a bucket for each request, repeated if need be. ARGV: act, amount, burst, tokens a second, of each.
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local answers = {}
for n, key in ipairs(KEYS) do
  local act, amount = ARGV[4 * n - 3], tonumber(ARGV[4 * n - 2])
  local burst, rate = tonumber(ARGV[4 * n - 1]), tonumber(ARGV[4 * n])
  local kept = redis.call('HMGET', key, 'level', 'seen', 'blocked')
  local level, seen = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
  local blocked, wait = tonumber(kept[3]) or now, 0
  if seen > now then  -- the server's clock was set back: what is left to wait stays what it was
    blocked = blocked - (seen - now)
    seen = now
  end
  level = math.min(burst, level + (now - seen) * rate)
  if act == 'take' then
    local missing = math.min(amount, burst) - level
    wait = math.max(missing > 1e-9 and missing / rate or 0, blocked - now, 0)
    if wait <= 0 then level = level - amount end
  elseif act == 'block' then
    blocked = math.max(blocked, now + amount)
    level = math.min(1, burst) - (blocked - now) * rate
  else
    level = math.min(burst, level + amount)
  end
  redis.call('HSET', key, 'level', string.format('%.17g', level), 'seen', string.format('%.17g', now),
    'blocked', string.format('%.17g', blocked))
  local idle = math.max((burst - level) / rate, blocked - now, 0)
  redis.call('PEXPIRE', key, math.ceil(math.min(idle, 864000) * 1000) + 1000)
  answers[n] = wait > 0 and string.format('%.6f', wait + 0.000001) or '0'
end
return answers
""")
