"""Which call is made when: pure functions of the sun, the plant and the budget."""
