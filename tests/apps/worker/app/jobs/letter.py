from email.message import EmailMessage
from email.policy import SMTP


def work(text):
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = text
    letter.set_content("körper", charset="iso-8859-1")
    return letter.as_bytes().decode("latin-1")
