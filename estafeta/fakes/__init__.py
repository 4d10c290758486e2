"""Stand-ins for the messengers: they speak the messengers' own HTTP on loopback, for the demo, tests and benchmarks."""
