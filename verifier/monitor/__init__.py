"""Temporal properties and skill gates as bounded programs, with their reference meaning.

definition   the meaning on sampled time: `answers(formula, events)`, `value_at`
robustness   the signed distance to violation: `robustness_at(formula, samples, i)`, `margin`
dense        the meaning between samples: `verdicts(formula, trace)`, `distances`
program      online: `compile_property(property, period_ns)`, then `start`, `step`, `tick`
gauge        online robustness: `compile_robustness`, `start_gauge`, `step_gauge`, `tick_gauge`
"""
