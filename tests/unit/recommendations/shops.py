"""Small made-up shops for these tests."""

import numpy as np

from functions.recommendations.sales import Sales, sales


def random_shop(seed: int = 1, *, customers: int = 120, items: int = 60, baskets: int = 900) -> Sales:
    """Customers with a favourite aisle of ten products, baskets of one to six, over 300 days, in two countries."""
    random = np.random.default_rng(seed)
    size = random.integers(1, 7, baskets)
    basket = np.repeat(np.arange(baskets), size)
    customer = random.integers(0, customers, baskets)[basket]
    aisle = customer % (items // 10)
    at_home = random.random(len(basket)) < 0.8
    near, far = (random.random(len(basket)) ** 2 * 10).astype(int), random.integers(0, items, len(basket))
    item = np.where(at_home, aisle * 10 + near, far)
    day = np.sort(random.uniform(0, 300, baskets))[basket]
    return sales(
        basket=basket, customer=customer, item=item, day=day, quantity=np.ones(len(basket)), country=customer % 2,
        price=1.0 + item % 7, items=items,
    )


def sequences(seed: int = 2, *, customers: int = 500, items: int = 200) -> Sales:
    """Reviews: after product i mostly one of four fixed successors, never the same twice."""
    random = np.random.default_rng(seed)
    after = random.integers(0, items, (items, 4))
    rows = []
    for customer in range(customers):
        now, seen, day = int(random.integers(items)), set(), float(random.uniform(0, 900))
        for _ in range(int(random.integers(4, 10))):
            seen.add(now)
            rows.append((customer, now, day))
            day += 1 + float(random.exponential(20))
            follow = int(random.choice(after[now])) if random.random() < 0.7 else int(random.integers(items))
            now = follow if follow not in seen else int(random.choice([i for i in range(items) if i not in seen]))
    customer, item, day = (np.array(column) for column in zip(*rows, strict=True))
    return sales(
        basket=np.arange(len(rows)), customer=customer, item=item, day=day, quantity=np.ones(len(rows)), items=items
    )
