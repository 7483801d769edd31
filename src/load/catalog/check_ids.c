/* The ids of findings: what `check` can say, and what each means. */
#include "vramfit/load.h"

static const vf_check_rule rules[] = {
    {"json-syntax", true, "the file is no JSON, or beyond a limit of the reader"},
    {"unknown-schema", true, "'schema' is a version that this program does not read"},
    {"unknown-kind", true, "the file has none of the lists that catalog files have"},
    {"missing-key", true, "a required key is missing, or a size that must be there is 0"},
    {"unknown-key", true, "a key that no table has, most often a typing error"},
    {"wrong-type", true, "a value of another type than the key's"},
    {"out-of-range", true, "a number outside of the key's range"},
    {"unknown-choice", true, "a word that is none of the key's choices"},
    {"bad-text", true, "a text that is too short, too long, or no clean UTF-8"},
    {"duplicate-id", true, "two entries of one name"},
    {"duplicate-alias", true, "an alias that is another entry's name or alias, or is there twice"},
    {"alias-clash", true, "an alias that another entry's name comes to without vendor or ending (-Instruct, -Chat ...)"},
    {"needless-alias", false, "an alias that only spells another one differently"},
    {"unknown-arch", true, "a model of an architecture that is not in the catalog"},
    {"unknown-quant", true, "a published quantization that is not in the catalog"},
    {"unknown-runtime", true, "a runtime that is not in the catalog"},
    {"unknown-type", true, "a storage type that does not exist"},
    {"unknown-model", true, "a size class whose model is not in the catalog"},
    {"unknown-desktop", true, "a GPU's desktop that is not in the catalog"},
    {"array-length", true, "an array per layer that has not one element for each layer"},
    {"heads", true, "heads that do not divide evenly among key-value heads, or the width among heads"},
    {"experts", true, "more experts used than there are"},
    {"shape", true, "hyperparameters that make no model of this architecture"},
    {"parameters-mismatch", true, "the stated parameters are not those of the shape"},
    {"parameters-active", true, "more parameters for one token than there are"},
    {"published-mismatch", true,
     "a published count that is neither the parameters nor these with the towers, and no reason given"},
    {"needless-difference", false, "'published_differs' though the published count does not differ"},
    {"window", true, "a sliding window for no layer, a pattern of windows without a length, or no window where the architecture has them"},
    {"needless-unchecked", false, "'unchecked' though the parameters are those of the shape"},
    {"release", true, "a release that is not written YYYY-MM"},
    {"context-extended", true, "an extended context that is not more than the trained one"},
    {"bits-mismatch", true, "bits of a weight that its storage type does not have"},
    {"bits-order", true, "a model that a larger format would make smaller"},
    {"driver-total", true, "a driver's total that is not near the memory as sold"},
    {"reserve", true, "a driver's reserve of more than half of the memory"},
    {"bandwidth-mismatch", true, "a bandwidth that is not bus width times data rate"},
    {"compute-capability", true, "a compute capability that is not MAJOR.MINOR (a warning where it is missing)"},
    {"class-name", true, "a size class that is not written like one"},
    {"source-missing", true, "a source that names nothing ('unknown', 'todo')"},
    {"source-stale", false, "a source of another llama.cpp release than the one whose rules are used"},
};

const vf_check_rule *vf_catalog_check_rule(uint32_t i)
{
    return i < sizeof rules / sizeof rules[0] ? &rules[i] : NULL;
}
