"""How far does the platform go? The measurements behind `docs/scaling.md`, on real servers.

    python -m benchmarks.scaling workers    one worker and two: does another one help?
    python -m benchmarks.scaling history    does it slow down as stored history grows?
    python -m benchmarks.scaling idle       what do conversations cost that nobody writes in?
    python -m benchmarks.scaling sweeper    what does the look for forgotten work cost?
    python -m benchmarks.scaling stages     what does one message cost, stage by stage?

Each starts its own mongod and redis-server in a temporary folder and ends them. The product is the
product: `estafeta run --role worker` as an administrator starts it. Only the messenger and the web
process are replaced, by one process that takes messages in as the web process does and answers the
worker's requests as a messenger would, with as little work as that can be (`outside`).
"""
