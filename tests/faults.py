"""The faults that tests order, as the simulator's command line writes them."""

REFUSING_CODES = ("2000", "2001", "2004", "3001", "4000", "4001")
"""Codes by which the cloud refuses the credentials, at once or after the second in a row."""
PASSING_CODES = ("1000", "1001", "5000", "6000", "9999")
"""Codes after which calls go on."""
STOPPING = {*REFUSING_CODES, "2005", "7002", "http429"}
"""After one of these no call is made for up to a day, so that a single call is hit."""
WRONG_ANSWERS = (
    *("http404", "http500", "http502", "timeout", "slow", "half", "reset", "redirect", "notjson", "huge"),
    *("body=", "body=null", "body=[]", "body={}", 'body={"code": 0}', 'body={"code": "x", "data": {}}'),
    *("swapped", "null", "string", "number", "empty", "nulls", "ragged", "lifetimeback=50", "lifetimeback=999999"),
    *("nonsense=NaN", "nonsense=-5", "nonsense=0", "nonsense=1e999", "nonsense=abc", "nonsense=99999"),
)
PASSING = (*PASSING_CODES, *WRONG_ANSWERS)
"""Faults after which calls go on."""
FAULTS = (*PASSING_CODES, *REFUSING_CODES, "2005", "7002", "http429", *WRONG_ANSWERS)
SPIKE = "nonsense=99999"
"""A panel's power has no earlier figure to compare with, and an energy that two answers agree on is taken."""
