"""What the stand-ins of all messengers share: their pages, planned faults, waiting for a change, saving, serving."""
