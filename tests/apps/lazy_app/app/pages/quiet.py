import logging


class QuietFilter(logging.Filter):
    def filter(self, record):
        return "password" not in record.getMessage()
