"""Statistical disclosure control: which values of a release are suppressed, so that no enterprise can be read from it.

Belongs here: the rule (primary.py), what is known of the values to whoever reads releases (definitions.py,
magnitudes.py, relations.py), complementary suppression (solver.py, complementary.py, protect.py) and the attacker who
tests it (attacker.py). Not here: SQL, tables and files; everything comes and goes as plain frames.
"""
