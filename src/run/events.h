/* SPDX-License-Identifier: MIT */
/*
 * The kinds of lines that a machine process writes, and their fields: the list from which the JSON
 * object follows. n: number, b: 0 or 1, s: text, h: 64-bit address or code. One: there is at most
 * one; else an array. Beside them: `fatal` (exit code, text), and `end` as the last line.
 */
#ifndef VPORT_RUN_EVENTS_H
#define VPORT_RUN_EVENTS_H

/* X(kind, key in JSON, one, letters, names) */
#define VPORT_RUN_EVENTS(X)                                                                        \
    X("adapter", "adapter", 1, "s", "name")                                                        \
    X("image", "image", 1, "hnbbbb",                                                               \
      "base,size,shares_pages,write_dropped,seeded_cookie,thread_local")                           \
    X("object", "object", 1, "hn", "base,size")                                                    \
    X("missing", "missing_imports", 0, "ss", "library,name")                                       \
    X("step", "steps", 0, "sss", "name,state,detail")                                              \
    X("callback", "callbacks", 0, "sh", "name,result")                                             \
    X("claim", "claims", 0, "shnb", "space,start,length,legacy")                                   \
    X("interrupt", "interrupt", 1, "n", "vector")                                                  \
    X("child", "children", 0, "nhs", "type,id,name")                                               \
    X("mode", "modes", 0, "nnnnnhb", "index,width,height,bits,stride,flags,chosen")                \
    X("memory", "memory", 1, "hnhn", "ram,ram_length,frame_buffer,frame_buffer_length")            \
    X("ioctl", "ioctls", 0, "hnns", "code,status,returned,output")                                 \
    X("dma_adapter", "dma_adapters", 0, "nnn", "map_registers,maximum_length,common_buffers")      \
    X("dma", "dma", 0, "snnnn", "direction,operations,elements,bytes,bounced")                     \
    X("blit", "blit", 1, "ss", "shown,returned")                                                   \
    X("screen", "screen", 1, "nn", "width,height")                                                 \
    X("trapped", "trapped", 0, "snh", "what,count,first")                                          \
    X("report", "reports", 0, "ssh", "rule,text,site")                                             \
    X("debug", "debug", 0, "nns", "component,level,text")                                          \
    X("call", "calls", 0, "nssh", "depth,direction,text,site")                                     \
    X("return", "returns", 0, "nss", "depth,name,result")

#endif
