"""Automatic pre-review (自动预审): what a machine reads on a material, and what follows from it.

Reading is the machine's part (the port ``MaterialReader``); everything here is pure and looks at
values only: what kind of document it is, which fields it shows, and what is wrong with it.
"""
