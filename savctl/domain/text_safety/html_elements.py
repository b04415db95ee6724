"""The names of HTML: which words in angle brackets are elements, and what they mean for text."""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What stored text may contain (rules 5.2, 11.6).
ALLOWED = _names("a b blockquote br code em i li ol p pre strong u ul")
ALLOWED_BLOCKS = _names("blockquote li ol p pre ul")

# Their content is not text: it goes with them.
CONTENT_DROPPED = frozenset(("script", "style"))

CELLS = frozenset(("td", "th"))
# A break stays where one of these is dropped.
BLOCKS = CELLS | _names(
    "address article aside body caption center dd details dialog dir div dl dt fieldset "
    "figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html "
    "legend listing main "
    "menu nav noframes noscript optgroup option plaintext search section summary table tbody "
    "textarea tfoot thead title tr xmp"
)
# A blank stays where one of these is dropped: `<s>99</s>79` must not become 9979.
SPACED = _names(
    "applet audio button canvas data del embed iframe image img input ins label marquee math "
    "meter object output progress rp rt s select strike sub sup svg video"
)
# Elements without an end tag.
VOID = _names(
    "area base basefont bgsound br col embed frame hr image img input keygen link meta param "
    "source track wbr"
)
# Nobody types these as words: even one alone, never closed, is HTML.
ALWAYS_HTML = (
    CELLS
    | CONTENT_DROPPED
    | _names(
        "blockquote body br center dd div dl dt frameset h1 h2 h3 h4 h5 h6 head hr html iframe li "
        "math noembed noframes noscript ol p plaintext pre svg table tbody tfoot thead tr ul wbr "
        "xmp"
    )
)
# HTML lets their end tags out, so among other HTML they are no words.
OFTEN_UNCLOSED = _names("colgroup optgroup option rb rp rt rtc")
HTML = (
    ALLOWED
    | BLOCKS
    | SPACED
    | VOID
    | ALWAYS_HTML
    | OFTEN_UNCLOSED
    | _names(
        "abbr acronym bdi bdo big blink cite datalist dfn font kbd map mark menuitem "
        "multicol nextid nobr picture q ruby samp slot small spacer span template time tt "
        "var"
    )
)
# Elements only where an <svg> or a <math> is; elsewhere `<text>` and `<path>` are words.
FOREIGN = _names(
    "altglyph animate animatecolor animatemotion animatetransform annotation annotation-xml "
    "circle clippath defs desc discard ellipse feblend fecolormatrix fecomposite feflood "
    "fegaussianblur "
    "feimage femerge femergenode feoffset filter foreignobject g glyph glyphref handler line "
    "lineargradient maction maligngroup malignmark marker mask merror metadata mfenced mfrac "
    "mglyph mi mn mo mover mpadded mpath mphantom mroot mrow ms mspace msqrt mstyle msub msubsup "
    "msup mtable mtd mtext mtr munder munderover path pattern polygon polyline radialgradient "
    "rect semantics set stop switch symbol text textpath tref tspan use view"
)
# Word and Outlook write these between the elements of their HTML mails: `<o:p></o:p>`.
OFFICE_PREFIXES = ("m:", "o:", "st1:", "u1:", "v:", "w:", "x:")

ATTRIBUTES = _names(
    "abbr accept action align alink allow allowfullscreen alt archive autocomplete autofocus "
    "autoplay background behavior bgcolor border cellpadding cellspacing charset checked cite "
    "class classid clear code codebase color cols colspan content contenteditable controls coords "
    "data datetime dir disabled download draggable dynsrc enctype face for form formaction frame "
    "frameborder headers height hidden href hreflang hspace http-equiv id ismap itemprop kind "
    "label lang language leftmargin link list longdesc loop lowsrc marginheight marginwidth media "
    "method multiple name nonce nowrap open pattern placeholder poster preload profile readonly "
    "rel required rev role rows rowspan rules scope scrolling selected shape size sizes slot span "
    "spellcheck src srcdoc srcset start style summary tabindex target text title topmargin type "
    "usemap valign value version vlink vspace width wrap xmlns"
)
ATTRIBUTE_PREFIXES = ("on", "data-", "aria-", "xml", "xlink:")
