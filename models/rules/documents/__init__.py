"""The words of the 21 notices: templates that a lawyer can read, and what they are filled with.

A template is a list of sentences with ``{facts}`` in braces. A sentence is left out when a fact
that it names is not there; a table is left out when it has no rows. Nothing else is decided here.
"""
