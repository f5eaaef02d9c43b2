def lxml_html():
    from lxml import html

    return {"text": html.fromstring("<p>a <b>b</b></p>").text_content()}


def lxml_transform():
    from lxml import etree

    sheet = etree.XML(
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
        '<xsl:template match="/"><out><xsl:value-of select="a"/></out></xsl:template>'
        "</xsl:stylesheet>"
    )
    return {"out": etree.XSLT(sheet)(etree.XML("<a>1</a>")).getroot().text}


def lxml_schema():
    # The Schematron style sheets are data of lxml.
    from lxml import isoschematron

    return {"has_schematron": isoschematron.iso_svrl_for_xslt1 is not None}
