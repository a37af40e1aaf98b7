"""A certificate authority for one site: who may open a session with the broker.

These certificates open the transport and nothing else. What a device says is believed because of the key it was
enrolled with (docs/spec/enrolment.md), never because of its certificate. A site that has an authority already needs
nothing from here.

`profiles` builds certificates and knows no files; `index` remembers what was issued; `authority` puts both on disk.
"""
