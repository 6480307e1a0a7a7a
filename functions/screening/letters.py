"""What a merchant may write to a buyer whose order is looked at: in the buyer's language, without an accusation.

It names what was noticed in words that give no recipe away, says that a person decides and that nothing is cancelled
by a machine, and how to object (GDPR, Article 22).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.domain.actions import Sentiment
from chalicelib.domain.evidence import Reason
from functions.screening.schema import FEATURES

THEMES: Final[Mapping[str, tuple[str, ...]]] = {
    "address": ("ships_elsewhere", "shipping_billing_km"),
    "place": ("ip_billing_km", "ip_shipping_km"),
    "payment": ("avs", "cvv", "failed_payments", "paid_with", "provider_risk"),
    "amount": ("amount_vs_shop", "units", "lines", "top_share", "discount_share", "channel", "hour"),
    "goods": ("item_risk", "digital_share", "express"),
    "contact": ("email_kind", "email_digits", "phone_given"),
    "account": ("account_days", "orders_before"),
    "changed": ("new_marks", "address_familiar", "ip_familiar", "card_familiar", "amount_vs_buyer"),
    "earlier": ("offences_person", "offences_place"),
}
"""What a buyer is told of which features. Everything that counts other orders is ``several``."""
SEVERAL: Final = "several"
_THEME_OF: Final = {name: theme for theme, names in THEMES.items() for name in names}
MOST: Final = 3


@dataclass(frozen=True, slots=True)
class Wording:
    """One language."""

    subject: str
    opening: str
    noticed: str
    nothing: str
    """Where no single thing stands out."""
    closing: str
    themes: Mapping[str, str]
    bullet: str = "– "


WORDINGS: Final[Mapping[str, Wording]] = {
    "en": Wording(
        "Your order {number}",
        "Thank you for your order {number}. Before we send it, one of us looks at it personally. That usually takes "
        "no longer than one working day, and you need not do anything.",
        "We look at it because:",
        "It was picked for such a look without any single cause.",
        "A person decides about your order, never a machine alone, and it has not been cancelled. If something has "
        "to be put right, or if you do not agree, just answer this message: we will look again and explain our "
        "decision.",
        {
            "address": "the delivery address differs from the billing address",
            "place": "the order was placed far away from the address given",
            "payment": "not every detail of the payment could be confirmed",
            "amount": "the order differs from what is usual in our shop",
            "goods": "it contains goods for which we take particular care",
            "contact": "we could not confirm all contact details",
            "account": "we do not know you as a customer for long yet",
            "changed": "some details differ from those of your earlier orders",
            "earlier": "some details match an earlier order that was disputed",
            SEVERAL: "several orders with similar details came in within a short time",
        },
    ),
    "de": Wording(
        "Ihre Bestellung {number}",
        "vielen Dank für Ihre Bestellung {number}. Bevor wir sie versenden, sieht sie sich jemand von uns "
        "persönlich an. Das dauert in der Regel höchstens einen Werktag, und Sie müssen nichts tun.",
        "Wir sehen sie uns an, weil:",
        "Für diese Durchsicht gab es keinen einzelnen Anlass.",
        "Über Ihre Bestellung entscheidet ein Mensch, nie eine Maschine allein, und sie wurde nicht storniert. Wenn "
        "etwas zu berichtigen ist oder Sie nicht einverstanden sind, antworten Sie einfach auf diese Nachricht: Wir "
        "prüfen dann noch einmal und erläutern unsere Entscheidung.",
        {
            "address": "die Lieferadresse von der Rechnungsadresse abweicht",
            "place": "die Bestellung weit entfernt von der angegebenen Adresse aufgegeben wurde",
            "payment": "nicht alle Angaben zur Zahlung bestätigt werden konnten",
            "amount": "die Bestellung vom Üblichen in unserem Shop abweicht",
            "goods": "sie Waren enthält, bei denen wir besonders sorgfältig sind",
            "contact": "wir nicht alle Kontaktdaten bestätigen konnten",
            "account": "wir Sie noch nicht lange als Kundin oder Kunden kennen",
            "changed": "einige Angaben von denen Ihrer früheren Bestellungen abweichen",
            "earlier": "einige Angaben zu einer früheren, beanstandeten Bestellung passen",
            SEVERAL: "in kurzer Zeit mehrere Bestellungen mit ähnlichen Angaben eingegangen sind",
        },
    ),
    "fr": Wording(
        "Votre commande {number}",
        "Merci pour votre commande {number}. Avant de l’expédier, l’un de nous l’examine personnellement. Cela "
        "prend en général un jour ouvré au plus, et vous n’avez rien à faire.",
        "Nous l’examinons parce que :",
        "Aucune raison particulière n’est à l’origine de cette vérification.",
        "C’est une personne qui décide de votre commande, jamais une machine seule, et elle n’a pas été annulée. "
        "S’il y a quelque chose à corriger, ou si vous n’êtes pas d’accord, répondez simplement à ce message : nous "
        "la réexaminerons et vous expliquerons notre décision.",
        {
            "address": "l’adresse de livraison diffère de l’adresse de facturation",
            "place": "la commande a été passée loin de l’adresse indiquée",
            "payment": "toutes les informations de paiement n’ont pas pu être confirmées",
            "amount": "la commande sort de l’ordinaire pour notre boutique",
            "goods": "elle contient des articles pour lesquels nous sommes particulièrement attentifs",
            "contact": "nous n’avons pas pu confirmer toutes les coordonnées",
            "account": "nous ne vous connaissons pas encore depuis longtemps",
            "changed": "certaines informations diffèrent de celles de vos commandes précédentes",
            "earlier": "certains éléments correspondent à une commande antérieure qui a été contestée",
            SEVERAL: "plusieurs commandes aux données semblables sont arrivées en peu de temps",
        },
    ),
    "es": Wording(
        "Su pedido {number}",
        "Gracias por su pedido {number}. Antes de enviarlo, una persona de nuestro equipo lo revisa. Normalmente no "
        "tarda más de un día laborable, y usted no tiene que hacer nada.",
        "Lo revisamos porque:",
        "Esta revisión no se debe a ningún motivo concreto.",
        "Sobre su pedido decide una persona, nunca una máquina por sí sola, y no se ha cancelado. Si hay algo que "
        "corregir o no está de acuerdo, responda a este mensaje: lo revisaremos de nuevo y le explicaremos nuestra "
        "decisión.",
        {
            "address": "la dirección de entrega no coincide con la de facturación",
            "place": "el pedido se hizo lejos de la dirección indicada",
            "payment": "no se han podido confirmar todos los datos del pago",
            "amount": "el pedido se sale de lo habitual en nuestra tienda",
            "goods": "contiene artículos con los que tenemos especial cuidado",
            "contact": "no hemos podido confirmar todos los datos de contacto",
            "account": "todavía hace poco que le conocemos como cliente",
            "changed": "algunos datos no coinciden con los de sus pedidos anteriores",
            "earlier": "algunos datos coinciden con un pedido anterior que fue reclamado",
            SEVERAL: "en poco tiempo han llegado varios pedidos con datos parecidos",
        },
    ),
    "it": Wording(
        "Il suo ordine {number}",
        "Grazie per il suo ordine {number}. Prima di spedirlo, una persona del nostro team lo esamina. Di solito "
        "non occorre più di un giorno lavorativo e lei non deve fare nulla.",
        "Lo esaminiamo perché:",
        "Questo controllo non ha una causa particolare.",
        "Sul suo ordine decide una persona, mai una macchina da sola, e l’ordine non è stato annullato. Se c’è "
        "qualcosa da correggere o se non è d’accordo, risponda a questo messaggio: lo riesamineremo e le "
        "spiegheremo la nostra decisione.",
        {
            "address": "l’indirizzo di consegna è diverso da quello di fatturazione",
            "place": "l’ordine è stato fatto lontano dall’indirizzo indicato",
            "payment": "non è stato possibile confermare tutti i dati del pagamento",
            "amount": "l’ordine si discosta da ciò che è abituale nel nostro negozio",
            "goods": "contiene articoli per i quali usiamo particolare attenzione",
            "contact": "non abbiamo potuto confermare tutti i recapiti",
            "account": "la conosciamo come cliente ancora da poco",
            "changed": "alcuni dati sono diversi da quelli dei suoi ordini precedenti",
            "earlier": "alcuni dati corrispondono a un ordine precedente che è stato contestato",
            SEVERAL: "in poco tempo sono arrivati più ordini con dati simili",
        },
    ),
    "nl": Wording(
        "Uw bestelling {number}",
        "Bedankt voor uw bestelling {number}. Voordat we die versturen, bekijkt iemand van ons de bestelling "
        "persoonlijk. Dat duurt meestal niet langer dan één werkdag en u hoeft niets te doen.",
        "We bekijken de bestelling omdat:",
        "Voor deze controle was er geen afzonderlijke aanleiding.",
        "Over uw bestelling beslist een mens, nooit alleen een machine, en ze is niet geannuleerd. Als er iets "
        "rechtgezet moet worden of als u het er niet mee eens bent, beantwoord dan dit bericht: we kijken opnieuw "
        "en leggen onze beslissing uit.",
        {
            "address": "het bezorgadres afwijkt van het factuuradres",
            "place": "de bestelling ver van het opgegeven adres is geplaatst",
            "payment": "niet alle betaalgegevens bevestigd konden worden",
            "amount": "de bestelling afwijkt van wat in onze winkel gebruikelijk is",
            "goods": "er artikelen in zitten waarmee we extra zorgvuldig zijn",
            "contact": "we niet alle contactgegevens konden bevestigen",
            "account": "we u nog niet lang als klant kennen",
            "changed": "enkele gegevens afwijken van die van uw eerdere bestellingen",
            "earlier": "enkele gegevens overeenkomen met een eerdere, betwiste bestelling",
            SEVERAL: "er in korte tijd meerdere bestellingen met vergelijkbare gegevens zijn binnengekomen",
        },
    ),
    "ja": Wording(
        "ご注文 {number} について",
        "このたびはご注文（{number}）をいただき、誠にありがとうございます。発送の前に、担当者がご注文内容を確認しております。"
        "通常は一営業日以内に完了し、お客様に行っていただくことはございません。",
        "確認の理由は次のとおりです。",
        "特定の理由があって選ばれたものではございません。",
        "ご注文についての判断は必ず担当者が行い、機械だけで決めることはありません。ご注文は取り消されておりません。"
        "訂正が必要な点やご異議がございましたら、このメッセージにご返信ください。改めて確認し、判断の理由をご説明いたします。",
        {
            "address": "お届け先とご請求先の住所が異なるため",
            "place": "ご入力の住所から離れた場所でご注文いただいたため",
            "payment": "お支払い情報の一部を確認できなかったため",
            "amount": "ご注文内容が当店の通常のご注文と異なるため",
            "goods": "特に慎重に取り扱っている商品が含まれているため",
            "contact": "ご連絡先の一部を確認できなかったため",
            "account": "当店でのお取引がまだ浅いため",
            "changed": "これまでのご注文と異なる情報があるため",
            "earlier": "情報の一部が、過去に異議の申し立てがあったご注文と一致するため",
            SEVERAL: "短時間に似た内容のご注文を複数いただいたため",
        },
        "・",
    ),
    "zh": Wording(
        "关于您的订单 {number}",
        "感谢您的订单 {number}。发货之前，我们会有专人查看该订单，通常不超过一个工作日，您无需进行任何操作。",
        "查看的原因是：",
        "此次查看并非出于某个特定原因。",
        "您的订单由人工作出决定，绝不会仅由机器决定，订单也没有被取消。如有信息需要更正，或您有异议，请直接回复本消息："
        "我们会重新查看，并向您说明决定的理由。",
        {
            "address": "收货地址与账单地址不同",
            "place": "下单地点距离所填地址较远",
            "payment": "部分付款信息未能得到确认",
            "amount": "该订单与本店通常的订单有所不同",
            "goods": "其中包含我们需要格外谨慎处理的商品",
            "contact": "部分联系方式未能得到确认",
            "account": "您成为我们的顾客时间尚短",
            "changed": "部分信息与您之前的订单不同",
            "earlier": "部分信息与之前一笔有争议的订单相符",
            SEVERAL: "短时间内收到了多笔信息相近的订单",
        },
        "· ",
    ),
}  # fmt: skip
OTHERWISE: Final = "en"


def language_of(order_locale: str, shop_locale: str) -> str:
    """The language to write in: the order's, else the shop's, else English."""
    for locale in (order_locale, shop_locale):
        language = locale.strip().replace("_", "-").partition("-")[0].casefold()
        if language in WORDINGS:
            return language
    return OTHERWISE


def letter(language: str, number: str, reasons: Iterable[Reason]) -> str:
    """The message, subject line first."""
    words = WORDINGS[language]
    found = themes(reasons)
    why = [words.noticed, *(f"{words.bullet}{words.themes[theme]}" for theme in found)] if found else [words.nothing]
    parts = (words.subject, words.opening, "\n".join(why), words.closing)
    return "\n\n".join(part.replace("{number}", number) for part in parts)


def themes(reasons: Iterable[Reason]) -> list[str]:
    """What a buyer is told of what speaks against an order, strongest first, each thing once."""
    against = (reason for reason in reasons if reason.sentiment is Sentiment.NEGATIVE)
    return list(dict.fromkeys(_theme(reason) for reason in against))[:MOST]


def _theme(reason: Reason) -> str:
    return _THEME_OF.get(_FEATURE_OF.get(reason.text, ""), _guess(reason.text))


_FEATURE_OF: Final = {
    text: one.name for one in FEATURES for text in (one.against, one.against_one, one.none, one.missing) if text
}


def _guess(text: str) -> str:
    """Sentences that belong to no single feature: about totals, telephone numbers, a merchant's own signals."""
    if text in _FEATURE_OF:
        return SEVERAL
    plain = text.casefold()
    words = {"telephone": "contact", "this buyer": "changed", "total": "amount"}
    return next((theme for word, theme in words.items() if word in plain), "account")
