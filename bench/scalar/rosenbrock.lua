-- SPDX-License-Identifier: MIT
local function descend(steps)
  local x, y = -1.2, 1.0
  local vx, vy = 0, 0
  for _ = 1, steps do
    local dx = -2 * (1 - x) - 400 * x * (y - x * x)
    local dy = 200 * (y - x * x)
    vx = 0.9 * vx - 0.0001 * dx
    vy = 0.9 * vy - 0.0001 * dy
    x = x + vx
    y = y + vy
  end
  return (1 - x) ^ 2 + 100 * (y - x ^ 2) ^ 2
end
print(descend(2000000) < 1e-20)
