"""Reading of strangers' files, free of the rest of the application.

Everything here also runs in a small child process under memory and time limits (`child.py`), so a module of this
package imports only the standard library, chardet, python-calamine and its neighbours, always by relative import.
What goes wrong is raised as a `Problem` with a code; the sentence for the reader is made outside (`sentences.py`).
"""
