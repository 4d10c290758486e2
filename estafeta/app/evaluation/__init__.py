"""`estafeta evaluate`: how good a language model is, in the terminal, as data, and as a page with pictures."""
