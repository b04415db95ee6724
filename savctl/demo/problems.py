"""What customers write to the shop about, in French and in English.

`{product}`, `{order}` and `{days}` are filled in; texts are written for this demo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One problem in one language: the texts in their order."""

    subject: str
    description: str
    ask: str
    reply: str
    solution: str
    still: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoProblem:
    """A kind of problem; `weight` is how often it comes, against the others."""

    name: str
    category: str
    weight: int
    words: Mapping[str, Words]
    is_payment_failed: bool = False


PRODUCTS = (
    "lampe frontale Vega",
    "tente Mistral 2",
    "réchaud Forge",
    "sac à dos Cairn 45",
    "montre GPS Azimut",
    "batterie Onde 20000",
    "duvet Grand Froid",
    "gourde Source",
)

_LOST = DemoProblem(
    name="lost parcel",
    category="shipping",
    weight=24,
    words={
        "fr": Words(
            subject="Colis jamais arrivé (commande {order})",
            description="Bonjour, ma commande {order} ({product}) est « livrée » depuis {days} "
            "jours d'après le transporteur, mais je n'ai rien reçu. Le voisin non plus.",
            ask="Bonjour, pouvez-vous nous confirmer l'adresse complète et nous dire si un avis "
            "de passage a été déposé ?",
            reply="Aucun avis de passage. L'adresse est bien celle de la commande, bâtiment B.",
            solution="Le transporteur reconnaît la perte : un nouveau colis part aujourd'hui.",
            still="Le second colis n'est pas arrivé non plus…",
        ),
        "en": Words(
            subject="Order {order} never arrived",
            description="Hi, tracking says order {order} ({product}) was delivered {days} days "
            "ago. It wasn't. Nobody in the house signed for anything.",
            ask="Hello, could you confirm the full address, and tell us whether a card was left?",
            reply="No card. The address is right, it's the flat above the bakery.",
            solution="The carrier admits the loss; a new parcel leaves today.",
            still="Still nothing, and the new tracking number does not exist.",
        ),
    },
)
_BROKEN = DemoProblem(
    name="broken on arrival",
    category="product",
    weight=20,
    words={
        "fr": Words(
            subject="{product} : cassé au déballage",
            description="Je viens d'ouvrir le carton de la commande {order}. Le produit "
            "({product}) est fendu sur le côté. Que faire ?",
            ask="Désolés ! Une photo de la fente et de l'étiquette nous suffirait.",
            reply="Voici les photos, on voit bien la fente près de la fermeture.",
            solution="Échange accepté, étiquette de retour envoyée ; rien à payer.",
            still="Le remplacement a le même défaut, exactement au même endroit.",
        ),
        "en": Words(
            subject="{product} arrived broken",
            description="Opened order {order} just now and the {product} has a crack along the "
            "side. I need it for a trip next week.",
            ask="Sorry about that! Could you send a photo of the crack and of the label?",
            reply="Photos attached, you can see it next to the zip.",
            solution="Exchange accepted, return label sent, nothing to pay.",
            still="The replacement has the very same crack.",
        ),
    },
)
_REFUND = DemoProblem(
    name="refund",
    category="billing",
    weight=16,
    words={
        "fr": Words(
            subject="Remboursement toujours pas reçu",
            description="Retour de la commande {order} déposé il y a {days} jours, et toujours "
            "aucun remboursement sur mon compte.",
            ask="Pouvez-vous nous envoyer la preuve de dépôt du retour ?",
            reply="La voici, le cachet de la poste est lisible.",
            solution="Remboursement lancé ce jour, comptez trois jours ouvrés.",
            still="Cinq jours ouvrés plus tard, toujours rien sur le compte.",
        ),
        "en": Words(
            subject="Refund for order {order} missing",
            description="I returned order {order} {days} days ago and have not seen a refund.",
            ask="Could you send us the proof of postage of your return?",
            reply="Here it is. Posted at the station office.",
            solution="Refund issued today, allow three working days.",
            still="My bank still shows nothing.",
        ),
    },
)
_PAYMENT = DemoProblem(
    name="payment failed",
    category="billing",
    weight=8,
    is_payment_failed=True,
    words={
        "fr": Words(
            subject="Paiement refusé mais débité",
            description="Le paiement de la commande {order} a échoué deux fois, et ma banque "
            "affiche pourtant un débit.",
            ask="Quel est le montant exact qui apparaît sur votre relevé ?",
            reply="Deux fois le total de la commande, à une minute d'écart.",
            solution="La pré-autorisation est levée ; la commande est confirmée.",
            still="Le second débit est toujours là.",
        ),
        "en": Words(
            subject="Charged, but the order failed",
            description="Payment for order {order} failed twice, yet my card was charged.",
            ask="Which exact amount shows on your statement?",
            reply="The full total, twice, one minute apart.",
            solution="The reservation on your card is lifted and the order confirmed.",
            still="The second charge is still there.",
        ),
    },
)
_SIZE = DemoProblem(
    name="exchange",
    category="returns",
    weight=14,
    words={
        "fr": Words(
            subject="Échange : taille trop petite",
            description="Le {product} de la commande {order} est trop petit. Je voudrais la "
            "taille au-dessus, jamais porté, étiquettes en place.",
            ask="Quelle taille souhaitez-vous, et le produit est-il dans son emballage ?",
            reply="Taille L, emballage d'origine, oui.",
            solution="Taille L réservée, étiquette de retour envoyée.",
            still="J'ai reçu une seconde fois la même taille.",
        ),
        "en": Words(
            subject="Exchange for a larger size",
            description="The {product} from order {order} is too small. Unworn, tags on. Can I "
            "swap it for the next size up?",
            ask="Which size would you like, and do you still have the packaging?",
            reply="Large please, and yes, I kept the box.",
            solution="A large is set aside for you; the return label is on its way.",
            still="You sent me the same size again.",
        ),
    },
)
_ACCOUNT = DemoProblem(
    name="account",
    category="account",
    weight=10,
    words={
        "fr": Words(
            subject="Impossible de me connecter",
            description="Le lien pour changer de mot de passe n'arrive jamais, j'ai essayé "
            "{days} fois.",
            ask="Le message est-il dans les indésirables ? Quelle est votre messagerie ?",
            reply="Rien dans les indésirables. C'est l'adresse de mon travail.",
            solution="L'adresse était bloquée après un rebond ; elle est débloquée.",
            still="Le lien arrive mais il est déjà expiré.",
        ),
        "en": Words(
            subject="Cannot log in",
            description="The password link never arrives. Tried {days} times.",
            ask="Is it in your spam folder, by any chance? Which mail provider is it?",
            reply="Not in spam. It is my work address.",
            solution="Your address was blocked after a bounce; it is free again.",
            still="The link arrives now, but says it has expired.",
        ),
    },
)
_WARRANTY = DemoProblem(
    name="warranty",
    category="warranty",
    weight=12,
    words={
        "fr": Words(
            subject="Garantie : {product} en panne",
            description="Mon produit ({product}, commande {order}) ne s'allume plus après "
            "{days} jours d'usage normal.",
            ask="Que donne l'appui de dix secondes sur le bouton, chargeur branché ?",
            reply="Une lumière rouge, trois fois, puis plus rien.",
            solution="Pris sous garantie : un neuf vous est envoyé.",
            still="Le neuf clignote rouge, lui aussi.",
        ),
        "en": Words(
            subject="Warranty claim: {product}",
            description="My {product} (order {order}) went dead after {days} days of normal use.",
            ask="What happens when you hold the button for ten seconds on the charger?",
            reply="Three red blinks, then nothing.",
            solution="Covered: a new one is on its way.",
            still="The new one blinks red as well.",
        ),
    },
)

PROBLEMS: tuple[DemoProblem, ...] = (_LOST, _BROKEN, _REFUND, _PAYMENT, _SIZE, _ACCOUNT, _WARRANTY)
OUTAGE, RECALL = _PAYMENT, _WARRANTY
