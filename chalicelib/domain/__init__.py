"""What we talk about: shops, goods, orders, money, events, actions, proposals. Standard library only."""
