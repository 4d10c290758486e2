"""What the stand-ins of all messengers share: planned faults, waiting for a change, serving on loopback."""
