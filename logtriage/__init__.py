"""logtriage: log triage and anomaly search for the person on call."""

__version__ = "0.1.0"
