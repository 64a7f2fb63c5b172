-- SPDX-License-Identifier: MIT
local function steps()
  local total = 0
  for start = 1, 59999 do
    local n = start
    while n ~= 1 do
      if n % 2 == 0 then n = n / 2 else n = 3 * n + 1 end
      total = total + 1
    end
  end
  return total
end
print(steps())
