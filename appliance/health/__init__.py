"""What is wrong with the box right now, as declared values with a reason and a fix.

It knows nothing of how a condition was found or who shows it.
"""

from appliance.health.condition import Condition, Severity
from appliance.health.tracker import HealthTracker, worst_first

__all__ = ["Condition", "HealthTracker", "Severity", "worst_first"]
