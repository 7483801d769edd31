/* Roles of weight tensors: X(id, base name, class). Base names are llama.cpp's, without "blk.N." and
 * ".weight" or ".bias" (llama.cpp src/llama-arch.cpp, LLM_TENSOR_NAMES). The class says where llama.cpp
 * puts the tensor (src/llama-arch.cpp, LLM_TENSOR_INFOS): I input, always on the host; R repeating
 * block; G global name that is loaded with the repeating blocks; O output layer. The rows stand in byte
 * order of their names: names.c searches them by halves, and mixes are made in that order. */
#ifndef VF_MODEL_ROLES_H
#define VF_MODEL_ROLES_H

#define VF_ROLES(X) \
    X(ALTUP_CORRECT_COEF, "altup_correct_coef", R) \
    X(ALTUP_CORRECT_SCALE, "altup_correct_scale", R) \
    X(ALTUP_PREDICT_COEF, "altup_predict_coef", R) \
    X(ALTUP_PROJ, "altup_proj", O) \
    X(ALTUP_ROUTER, "altup_router", R) \
    X(ALTUP_ROUTER_NORM, "altup_router_norm", R) \
    X(ALTUP_UNEMBD_PROJ, "altup_unembd_proj", O) \
    X(ATTN_GATE, "attn_gate", R) \
    X(ATTN_K, "attn_k", R) \
    X(ATTN_K_B, "attn_k_b", R) \
    X(ATTN_K_NORM, "attn_k_norm", R) \
    X(ATTN_KV, "attn_kv", R) \
    X(ATTN_KV_A_MQA, "attn_kv_a_mqa", R) \
    X(ATTN_KV_A_NORM, "attn_kv_a_norm", R) \
    X(ATTN_KV_B, "attn_kv_b", R) \
    X(ATTN_NORM, "attn_norm", R) \
    X(ATTN_NORM_2, "attn_norm_2", R) \
    X(ATTN_O, "attn_o", R) \
    X(ATTN_OUTPUT, "attn_output", R) \
    X(ATTN_OUTPUT_A, "attn_output_a", R) \
    X(ATTN_OUTPUT_B, "attn_output_b", R) \
    X(ATTN_OUTPUT_NORM, "attn_output_norm", R) \
    X(ATTN_Q, "attn_q", R) \
    X(ATTN_Q_A, "attn_q_a", R) \
    X(ATTN_Q_A_NORM, "attn_q_a_norm", R) \
    X(ATTN_Q_B, "attn_q_b", R) \
    X(ATTN_Q_NORM, "attn_q_norm", R) \
    X(ATTN_QKV, "attn_qkv", R) \
    X(ATTN_REL_B, "attn_rel_b", R) \
    X(ATTN_RES_SCORE, "attn_res_score", R) \
    X(ATTN_SINKS, "attn_sinks", R) \
    X(ATTN_SUB_NORM, "attn_sub_norm", R) \
    X(ATTN_V, "attn_v", R) \
    X(ATTN_V_B, "attn_v_b", R) \
    X(CHANNEL_MIX_KEY, "channel_mix_key", R) \
    X(CHANNEL_MIX_LERP_K, "channel_mix_lerp_k", R) \
    X(CHANNEL_MIX_LERP_R, "channel_mix_lerp_r", R) \
    X(CHANNEL_MIX_RECEPTANCE, "channel_mix_receptance", R) \
    X(CHANNEL_MIX_VALUE, "channel_mix_value", R) \
    X(CLS, "cls", O) \
    X(CLS_NORM, "cls.norm", O) \
    X(CLS_OUTPUT, "cls.output", O) \
    X(CROSS_ATTN_K, "cross_attn_k", R) \
    X(CROSS_ATTN_NORM, "cross_attn_norm", R) \
    X(CROSS_ATTN_O, "cross_attn_o", R) \
    X(CROSS_ATTN_Q, "cross_attn_q", R) \
    X(CROSS_ATTN_REL_B, "cross_attn_rel_b", R) \
    X(CROSS_ATTN_V, "cross_attn_v", R) \
    X(DEC_OUTPUT_NORM, "dec.output_norm", O) \
    X(DENSE_2, "dense_2", O) \
    X(DENSE_3, "dense_3", O) \
    X(ENC_OUTPUT_NORM, "enc.output_norm", O) \
    X(EXP_PROBS_B, "exp_probs_b", R) \
    X(FFN_ACT, "ffn.act", R) \
    X(FFN_DOWN, "ffn_down", R) \
    X(FFN_DOWN_CHEXPS, "ffn_down_chexps", R) \
    X(FFN_DOWN_EXPS, "ffn_down_exps", R) \
    X(FFN_DOWN_SHEXP, "ffn_down_shexp", R) \
    X(FFN_GATE, "ffn_gate", R) \
    X(FFN_GATE_CHEXPS, "ffn_gate_chexps", R) \
    X(FFN_GATE_EXPS, "ffn_gate_exps", R) \
    X(FFN_GATE_INP, "ffn_gate_inp", R) \
    X(FFN_GATE_INP_SHEXP, "ffn_gate_inp_shexp", R) \
    X(FFN_GATE_SHEXP, "ffn_gate_shexp", R) \
    X(FFN_GATE_TID2EID, "ffn_gate_tid2eid", R) \
    X(FFN_GATE_UP_EXPS, "ffn_gate_up_exps", R) \
    X(FFN_LATENT_DOWN, "ffn_latent_down", R) \
    X(FFN_LATENT_UP, "ffn_latent_up", R) \
    X(FFN_NORM, "ffn_norm", R) \
    X(FFN_NORM_EXPS, "ffn_norm_exps", R) \
    X(FFN_RES_SCORE, "ffn_res_score", R) \
    X(FFN_ROUTED_DOWN, "ffn_routed_down", R) \
    X(FFN_ROUTED_NORM, "ffn_routed_norm", R) \
    X(FFN_ROUTED_UP, "ffn_routed_up", R) \
    X(FFN_SUB_NORM, "ffn_sub_norm", R) \
    X(FFN_UP, "ffn_up", R) \
    X(FFN_UP_CHEXPS, "ffn_up_chexps", R) \
    X(FFN_UP_EXPS, "ffn_up_exps", R) \
    X(FFN_UP_SHEXP, "ffn_up_shexp", R) \
    X(INDEXER_ATTN_K, "indexer.attn_k", R) \
    X(INDEXER_ATTN_Q_B, "indexer.attn_q_b", R) \
    X(INDEXER_K_NORM, "indexer.k_norm", R) \
    X(INDEXER_K_PROJ, "indexer.k_proj", R) \
    X(INDEXER_PROJ, "indexer.proj", R) \
    X(INDEXER_Q_NORM, "indexer.q_norm", R) \
    X(INDEXER_Q_PROJ, "indexer.q_proj", R) \
    X(INP_GATE, "inp_gate", R) \
    X(LAUREL_L, "laurel_l", R) \
    X(LAUREL_POST_NORM, "laurel_post_norm", R) \
    X(LAUREL_R, "laurel_r", R) \
    X(LAYER_OUTPUT_NORM, "layer_output_norm", R) \
    X(LAYER_OUTPUT_SCALE, "layer_output_scale", R) \
    X(NEXTN_EH_PROJ, "nextn.eh_proj", R) \
    X(NEXTN_EMBED_TOKENS, "nextn.embed_tokens", R) \
    X(NEXTN_ENORM, "nextn.enorm", R) \
    X(NEXTN_HNORM, "nextn.hnorm", R) \
    X(NEXTN_SHARED_HEAD_HEAD, "nextn.shared_head_head", R) \
    X(NEXTN_SHARED_HEAD_NORM, "nextn.shared_head_norm", R) \
    X(OUTPUT, "output", O) \
    X(OUTPUT_NORM, "output_norm", O) \
    X(OUTPUT_RES_SCORE, "output_res_score", O) \
    X(PER_LAYER_MODEL_PROJ, "per_layer_model_proj", G) \
    X(PER_LAYER_PROJ_NORM, "per_layer_proj_norm", G) \
    X(PER_LAYER_TOKEN_EMBD, "per_layer_token_embd", I) \
    X(POSITION_EMBD, "position_embd", I) \
    X(POST_ATTENTION_NORM, "post_attention_norm", R) \
    X(POST_FFW_NORM, "post_ffw_norm", R) \
    X(POST_FFW_NORM_1, "post_ffw_norm_1", R) \
    X(POST_FFW_NORM_2, "post_ffw_norm_2", R) \
    X(POST_NORM, "post_norm", R) \
    X(PRE_FFW_NORM_2, "pre_ffw_norm_2", R) \
    X(PROJ, "proj", R) \
    X(ROPE_FACTORS_LONG, "rope_factors_long", G) \
    X(ROPE_FACTORS_SHORT, "rope_factors_short", G) \
    X(ROPE_FREQS, "rope_freqs", G) \
    X(SHORTCONV_CONV, "shortconv.conv", R) \
    X(SHORTCONV_IN_PROJ, "shortconv.in_proj", R) \
    X(SHORTCONV_OUT_PROJ, "shortconv.out_proj", R) \
    X(SSM_A, "ssm_a", R) \
    X(SSM_ALPHA, "ssm_alpha", R) \
    X(SSM_B_NORM, "ssm_b_norm", R) \
    X(SSM_BA, "ssm_ba", R) \
    X(SSM_BETA, "ssm_beta", R) \
    X(SSM_C_NORM, "ssm_c_norm", R) \
    X(SSM_CONV1D, "ssm_conv1d", R) \
    X(SSM_CONV1D_K, "ssm_conv1d_k", R) \
    X(SSM_CONV1D_Q, "ssm_conv1d_q", R) \
    X(SSM_CONV1D_V, "ssm_conv1d_v", R) \
    X(SSM_D, "ssm_d", R) \
    X(SSM_DT, "ssm_dt", R) \
    X(SSM_DT_NORM, "ssm_dt_norm", R) \
    X(SSM_F_A, "ssm_f_a", R) \
    X(SSM_F_B, "ssm_f_b", R) \
    X(SSM_G, "ssm_g", R) \
    X(SSM_G_A, "ssm_g_a", R) \
    X(SSM_G_B, "ssm_g_b", R) \
    X(SSM_IN, "ssm_in", R) \
    X(SSM_NORM, "ssm_norm", R) \
    X(SSM_OUT, "ssm_out", R) \
    X(SSM_X, "ssm_x", R) \
    X(TIME_MIX_A0, "time_mix_a0", R) \
    X(TIME_MIX_A1, "time_mix_a1", R) \
    X(TIME_MIX_A2, "time_mix_a2", R) \
    X(TIME_MIX_DECAY, "time_mix_decay", R) \
    X(TIME_MIX_DECAY_W1, "time_mix_decay_w1", R) \
    X(TIME_MIX_DECAY_W2, "time_mix_decay_w2", R) \
    X(TIME_MIX_FIRST, "time_mix_first", R) \
    X(TIME_MIX_G1, "time_mix_g1", R) \
    X(TIME_MIX_G2, "time_mix_g2", R) \
    X(TIME_MIX_GATE, "time_mix_gate", R) \
    X(TIME_MIX_K_A, "time_mix_k_a", R) \
    X(TIME_MIX_K_K, "time_mix_k_k", R) \
    X(TIME_MIX_KEY, "time_mix_key", R) \
    X(TIME_MIX_LERP_FUSED, "time_mix_lerp_fused", R) \
    X(TIME_MIX_LERP_G, "time_mix_lerp_g", R) \
    X(TIME_MIX_LERP_K, "time_mix_lerp_k", R) \
    X(TIME_MIX_LERP_R, "time_mix_lerp_r", R) \
    X(TIME_MIX_LERP_V, "time_mix_lerp_v", R) \
    X(TIME_MIX_LERP_W, "time_mix_lerp_w", R) \
    X(TIME_MIX_LERP_X, "time_mix_lerp_x", R) \
    X(TIME_MIX_LN, "time_mix_ln", R) \
    X(TIME_MIX_OUTPUT, "time_mix_output", R) \
    X(TIME_MIX_R_K, "time_mix_r_k", R) \
    X(TIME_MIX_RECEPTANCE, "time_mix_receptance", R) \
    X(TIME_MIX_V0, "time_mix_v0", R) \
    X(TIME_MIX_V1, "time_mix_v1", R) \
    X(TIME_MIX_V2, "time_mix_v2", R) \
    X(TIME_MIX_VALUE, "time_mix_value", R) \
    X(TIME_MIX_W0, "time_mix_w0", R) \
    X(TIME_MIX_W1, "time_mix_w1", R) \
    X(TIME_MIX_W2, "time_mix_w2", R) \
    X(TOKEN_EMBD, "token_embd", I) \
    X(TOKEN_EMBD_NORM, "token_embd_norm", G) \
    X(TOKEN_TYPES, "token_types", I)

typedef enum vf_role {
    VF_ROLE_UNKNOWN = 0,
#define X(id, name, class) VF_ROLE_##id,
    VF_ROLES(X)
#undef X
        VF_ROLE_COUNT
} vf_role;

/** Which sequence of blocks a layer number counts in. */
typedef enum vf_stack { VF_STACK_BLK = 0, VF_STACK_ENC, VF_STACK_DEC } vf_stack;

#endif
