"""The trail as people read it: which lines somebody may see, in which words, with which filters, as a page and a file."""
