"""Files that people send: fetched once from where they lie, checked, and kept in our own store by what they hold.

`attachments` is the way in and out, `draft` a file while it arrives, `kinds` says what content is, `names` what a
file may be called, `limits` how much is taken, `failures` what is told when it is not.
"""

from estafeta.attachments.attachments import Attachments
from estafeta.attachments.failures import failure, too_large
from estafeta.attachments.limits import Limits

__all__ = ["Attachments", "Limits", "failure", "too_large"]
