"""Peak skin dose and its map: PySkinDose behind an interface of our own, in a process of its own.

`request.prepare` decides by the safelist what may be computed, `runner` has it computed,
`jobs` does so in the background and keeps every result (P16 to P19, P56).
"""
