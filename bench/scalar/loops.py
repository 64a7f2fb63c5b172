# SPDX-License-Identifier: MIT
def steps():
    total = 0
    for start in range(1, 60000):
        n = start
        while n != 1:
            if n % 2 == 0:
                n = n / 2
            else:
                n = 3 * n + 1
            total += 1
    return total


print(steps())
