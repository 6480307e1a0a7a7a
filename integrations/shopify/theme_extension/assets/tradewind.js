"use strict";
// Fills blocks that Liquid left open, once they come near the window. Titles and prices are the store's own, as text.
(() => {
  const make = (name, className, text = "") => Object.assign(document.createElement(name), { className, textContent: text });

  const card = (product, currency) => {
    const item = make("li", "tradewind__item"), link = make("a", "");
    link.href = product.url;
    if (product.featured_image) {
      const image = make("img", "tradewind__image");
      Object.assign(image, { alt: "", width: 360, height: 360, loading: "lazy" });
      image.src = `${product.featured_image}${product.featured_image.includes("?") ? "&" : "?"}width=360`;
      link.append(image);
    }
    const price = new Intl.NumberFormat(document.documentElement.lang || "en", { style: "currency", currency });
    link.append(make("span", "", product.title), make("span", "tradewind__price", price.format(product.price / 100)));
    item.append(link);
    return item;
  };

  const json = async (address) => {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    return answer.ok ? answer.json() : null;
  };

  const fill = async (box) => {
    const { slot, product, most, proxy, root, currency } = box.dataset;
    const cart = await json(`${root.replace(/\/$/, "")}/cart.js`);
    const inside = (cart?.items ?? []).map((one) => one.product_id).join(",");
    const asked = new URLSearchParams({ slot, product, cart: inside });
    const handles = ((await json(`${proxy}?${asked}`))?.handles ?? []).slice(0, Number(most));
    const found = await Promise.all(handles.map((one) => json(`${root.replace(/\/$/, "")}/products/${encodeURIComponent(one)}.js`)));
    const cards = found.filter(Boolean).map((one) => card(one, currency));
    box.querySelector("ul").append(...cards);
    box.dataset.tradewind = cards.length ? "shown" : "none";
  };

  const near = new IntersectionObserver((entries) => entries.filter((one) => one.isIntersecting).forEach((one) => {
    near.unobserve(one.target);
    fill(one.target).catch(() => { one.target.dataset.tradewind = "none"; });
  }), { rootMargin: "300px" });
  const look = () => document.querySelectorAll('[data-tradewind=""]').forEach((box) => near.observe(box));
  look();
  document.addEventListener("shopify:section:load", look);
})();
