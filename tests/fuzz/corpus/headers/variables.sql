-- variables: on
${A}${B_1}$${C}${D-E}${