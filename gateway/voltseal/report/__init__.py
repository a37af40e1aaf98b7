"""A report on an evidence bundle for a reader who is no engineer, as PDF or HTML, in English or Chinese.

`compose` turns findings into a document (headings, tables, pictures), and `html` or `pdf` draws that document. The same
findings give the same bytes. Nothing here judges: the verifier does, and values appear only under a valid verdict.
"""
