"""How a record's id stands in an address: it may hold slashes, which servers and proxies make of %2F."""

from starlette.convertors import Convertor, register_url_convertor


class RecordId(Convertor[str]):
    """Takes the rest of an address whatever is in it, as `path` does except for line breaks."""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        """Return the text as it is."""
        return value

    def to_string(self, value: str) -> str:
        """Return the text as it is."""
        return value


register_url_convertor("record_id", RecordId())
RECORD_ID = "{record_id:record_id}"
"""What stands for it in a route."""
