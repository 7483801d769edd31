/* exo: a pipeline over machines, MLX on each. Version read: tree of 2026 (master/placement_utils.py: shares of layers by
 * free memory; worker/engines/mlx/cache.py). exo itself asks only whether the weights fit; here each machine's cache and
 * activations count, too. */
#include "runtime/profiles.h"

#include "runtime/whole.h"

static vf_status footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    wh_rules rules = mlx_rules;
    rules.split = WH_SHARE;
    vf_status st = wh_footprint(k, &rules, out, err);
    if (st == VF_OK && out->n_devices > 1)
        vf_add_note(out, "exo deals layers in proportion to free memory; the machines of --gpu compute in turn");
    return st;
}

const vf_profile vf_profile_exo = {
    .name = "exo",
    .version = "tree of 2026",
    .needs_types = true,
    .schemes = true,
    .footprint = footprint,
};
