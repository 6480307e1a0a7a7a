"""What a merchant is told of what WooCommerce, or what is installed in it, cannot do."""

MISSING = (
    "WooCommerce keeps no translations by itself. Install WPML with WooCommerce Multilingual, or Polylang "
    "for WooCommerce, then connect the store again."
)
ONE_TEXT = "WooCommerce translates titles, descriptions and what search engines show, for all markets alike."
SHARED = (
    "Names and values of attributes are not translated here, because WooCommerce shares them between languages: "
    "translate them in WPML or Polylang. Alt texts of pictures are translated where each language has pictures of its "
    "own: install WPML Media Translation, or switch on the translation of media in Polylang."
)
