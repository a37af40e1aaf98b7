"""Re-reads everything: is the stored log still the one whose checkpoints were signed?"""

from voltseal.log_check.check import check_log
from voltseal.log_check.report import Finding, LogReport, Progress

__all__ = ["Finding", "LogReport", "Progress", "check_log"]
