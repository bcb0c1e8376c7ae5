"""Data health: is every produced sample accounted for, and how much of the planned time is known?"""
