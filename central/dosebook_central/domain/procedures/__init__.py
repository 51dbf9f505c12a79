"""From what sites call an exam to one list of standard procedures.

`spelling` and `lexicon` read a raw name, `vocabulary` holds the standard procedures, `wording`
compares the two, `rules` learns from what people confirmed, `resolve` weighs all of it.
"""
