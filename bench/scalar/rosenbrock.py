# SPDX-License-Identifier: MIT
def descend(steps):
    x, y = -1.2, 1.0
    vx, vy = 0.0, 0.0
    for _ in range(steps):
        dx = -2 * (1 - x) - 400 * x * (y - x * x)
        dy = 200 * (y - x * x)
        vx = 0.9 * vx - 0.0001 * dx
        vy = 0.9 * vy - 0.0001 * dy
        x = x + vx
        y = y + vy
    return (1 - x) ** 2 + 100 * (y - x ** 2) ** 2


print(descend(2000000) < 1e-20)
