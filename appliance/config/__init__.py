"""The one configuration file: what can be set, how it is read, checked, shown without its secrets and changed.

It must not know who uses an option; a section is a frozen value that its part is handed.
"""

from appliance.config.describe import Option, json_schema, options
from appliance.config.file import edit_file, migrate_file, unset_in_file

__all__ = ["Option", "edit_file", "json_schema", "migrate_file", "options", "unset_in_file"]
