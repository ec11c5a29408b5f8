"""Trying out how a judged round's samples are paired, and making what is chosen the round's selector.

openings: a round's samples as arrays, loaded once for each opening of the page; previews: what knobs come to; choosing:
the knobs become the round's selector.
"""
