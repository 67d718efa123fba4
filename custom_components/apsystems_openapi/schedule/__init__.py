"""Which call is made when: pure functions of the sun, the plant, the budget and the owner's options.

Depends on astral alone and can be imported by itself, with the integration's folder on the path.
"""
