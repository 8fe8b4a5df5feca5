"""The demo ontology: its content as data, and the story that is played into a database once.

``logistics/story.json`` says what happens in which order; each step's changes stand in a file of
their own, in the form that ``manage.py ontology apply`` takes.
"""
