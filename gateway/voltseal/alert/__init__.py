"""Alerts: alarms and lasting troubles are sent to a webhook and to a topic, from a bounded queue, until they arrive."""
