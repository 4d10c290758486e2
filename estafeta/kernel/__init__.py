"""The nouns, ports and errors that every other part speaks in. Standard library only."""
