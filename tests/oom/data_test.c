/* data_test.c: files, batches and progress, with the n-th request for memory refused, for every n. See sweep.h.
 * SPDX-License-Identifier: MIT */
#define OOM_EACH
#include "oom/sweep.h"

static const char files[] = //
    "path = format(\"/tmp/optic-oom-test-{}\", env(\"OPTIC_EAGER\"))\n"
    "tree = {p: {k: reshape(arange(6), [2, 3]), b: zeros([3])}, l: [1, [2, 3]], rng: key(1), ok: true, f: x -> x}\n"
    "for end in [\".npz\", \".safetensors\"] {\n"
    "  save(path + end, tree)\n"
    "  back = load(path + end)\n"
    "  assert back.l == [1, [2, 3]] and back.ok\n"
    "  same = load(path + end, like = tree)\n"
    "  assert same.f(2) == 2 and load(path + end, like = {l: [0, 1]}, partial = true).l[0] == 1\n"
    "  try { load(path + end, like = {l: [0, 1]}) } catch e { e.message }\n"
    "}\n"
    "write_text(path + \".csv\", \"x,y\\n1,2\\n3,4\\n\")\n"
    "assert len(read_text(path + \".csv\")) == 12\n"
    "assert read_csv(path + \".csv\").y[1] == 4\n";

static const char loops[] = //
    "data = {x: arange(6), pair: [reshape(arange(12), [6, 2]), ones([6])]}\n"
    "n = 0\n"
    "for b in progress(data.batches(4), label = \"a\", note = () -> format(\"{}\", n)) { n += b.x.shape[0] }\n"
    "for b in data.batches(4, shuffle = true, key = key(0)) { n += b.pair[0].shape[0] }\n"
    "for i in progress(range(3)) { if i == 1 { break } }\n"
    "assert n == 12 and len(list(progress(zip([1], [2])))) == 1\n";

static void test_files(void **state)
{
  (void)state;
  fails_well(files, false);
  fails_well(files, true);
}

static void test_loops(void **state)
{
  (void)state;
  fails_well(loops, false);
  fails_well(loops, true);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_files),
      cmocka_unit_test(test_loops),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
