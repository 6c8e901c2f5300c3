// street.pov - a British street through a windscreen: a made-up scene, entirely our own work.
// Units are metres, x right, y up, z ahead. Needs POV-Ray 3.7 and nothing but this file.
// Render: povray +WT1 -D +W640 +H480 +A0.1 +AM2 +R3 +Istreet.pov +Ostreet.png  (one thread: the same pixels each time)
// docs/street.jpg is this picture, a little blurred (0.6 pixels), with a little noise and 1.1 times as bright, so that its
// sky is white, as a camera would have it.
#version 3.7;
#default { finish { ambient 0 diffuse 0.75 } }
#declare R = seed(2001);                                   // one random stream: always the same picture
#macro Rnd(A, B) (A + (B - A)*rand(R)) #end
#macro Pick(Arr) Arr[int(rand(R)*dimension_size(Arr, 1)*0.9999)] #end

// ---------------------------------------------------------------- camera, light, air
#declare Kerb = 4.4;                                       // half width of the road
#declare Front = 6.9;                                      // where the houses begin
global_settings {
  assumed_gamma 1.0  max_trace_level 6
  radiosity { pretrace_start 0.08 pretrace_end 0.02 count 60 nearest_count 6 error_bound 0.7
              recursion_limit 1 low_error_factor 0.6 gray_threshold 0.4 minimum_reuse 0.012 brightness 1 }
}
camera { location <-1.15, 1.4, 0> right x*4/3 up y angle 58 look_at <-0.75, 1.66, 12> }
light_source { <55, 85, -60> rgb <1.0, 0.95, 0.86>*1.35     // a weak, wide sun behind thin cloud
  area_light x*24, z*24, 4, 4 adaptive 1 circular orient }
sky_sphere { pigment { wrinkles turbulence 0.4 scale <1, 0.22, 1>*0.7
  color_map { [0 rgb <0.62, 0.69, 0.80>] [0.5 rgb <0.85, 0.88, 0.92>] [1 rgb <1.02, 1.01, 1.0>] } } }
fog { fog_type 2 distance 800 fog_offset 14 fog_alt 8 rgb <0.84, 0.87, 0.90> }

// ---------------------------------------------------------------- materials
#macro Flat(C) texture { pigment { srgb C } } #end
#macro Gloss(C) texture { pigment { srgb C } finish { diffuse 0.6 specular 0.5 roughness 0.01
  reflection { 0.02, 0.35 fresnel on } conserve_energy } } interior { ior 1.5 } #end
#macro Glass(C) texture { pigment { srgb C } finish { diffuse 0.5 specular 0.4 roughness 0.005
  reflection { 0.04, 0.75 fresnel on } conserve_energy } } interior { ior 1.5 } #end
#macro Noisy(C, Amount, Size) texture { pigment { granite scale Size
  color_map { [0 srgb C*(1 - Amount)] [1 srgb C*(1 + Amount)] } } } #end
#macro Brick(C)                                            // bricks laid along z, each patch its own shade
  texture { pigment { brick pigment { srgb C*0.5 + 0.28 }
      pigment { bozo scale <1, 0.075, 0.22>*1.3 color_map { [0 srgb C*0.66] [0.5 srgb C] [1 srgb C*1.25] } }
      brick_size <0.22, 0.075, 0.225> mortar 0.011 rotate y*90 } }
  texture { pigment { granite scale <3, 6, 3> color_map { [0 rgbt <0.05, 0.04, 0.04, 0.45>] [0.6 rgbt 1] [1 rgbt 1] } } }
#end
#declare Slate = texture { pigment { brick pigment { srgb 0.17 } pigment { bozo scale 0.3
  color_map { [0 srgb <0.27, 0.28, 0.31>] [1 srgb <0.40, 0.40, 0.42>] } } brick_size <0.3, 0.16, 0.3> mortar 0.012 rotate y*90 } }
#declare White = Noisy(<0.83, 0.82, 0.78>, 0.06, 0.8)
#declare Stone = Noisy(<0.70, 0.66, 0.57>, 0.16, 0.7)
#declare Iron = texture { pigment { srgb 0.07 } finish { specular 0.25 roughness 0.05 } }
#declare Steel = texture { pigment { srgb <0.46, 0.48, 0.48> } finish { specular 0.3 roughness 0.05 } }

// ---------------------------------------------------------------- ground
#declare Asphalt = texture {
  pigment { granite scale 0.06 color_map { [0 srgb 0.31] [0.5 srgb <0.40, 0.40, 0.41>] [1 srgb 0.52] } }
  normal { granite 0.25 scale 0.06 } finish { specular 0.08 roughness 0.12 } }
#declare Stain = texture { pigment { bozo turbulence 0.7 lambda 2.5 scale <0.7, 1, 6>
  color_map { [0 rgbt <0.02, 0.02, 0.02, 0.62>] [0.45 rgbt <0.1, 0.1, 0.1, 0.95>] [1 rgbt <0.5, 0.5, 0.5, 0.80>] } } }
#declare Crack = texture { pigment { crackle turbulence 0.3 scale <3, 3, 7>
  color_map { [0 rgbt <0.03, 0.03, 0.03, 0.5>] [0.005 rgbt <0.03, 0.03, 0.03, 0.75>] [0.009 rgbt 1] [1 rgbt 1] } } }
plane { y, -0.02 Noisy(<0.36, 0.40, 0.28>, 0.3, 2) }
box { <-Kerb, -0.3, -20>, <Kerb, 0, 260> texture { Asphalt } texture { Stain } texture { Crack } }
box { <1.0, 0, 7.5>, <2.3, 0.002, 13> Noisy(<0.33, 0.33, 0.34>, 0.2, 0.06) }            // a repaired trench
cylinder { <0.9, 0, 6.6>, <0.9, 0.004, 6.6>, 0.3 Noisy(<0.25, 0.24, 0.23>, 0.3, 0.05) }  // a manhole cover
#macro Paint(C) texture { pigment { granite scale 0.35 color_map {
  [0 srgbt <0.4, 0.4, 0.4, 0.75>] [0.36 srgbt C + <0, 0, 0, 0.12>] [1 srgb C] } } } #end
#for (Z, 2.5, 130, 6) box { <0.25, 0, Z>, <0.36, 0.004, Z + 3.6> Paint(<0.88, 0.88, 0.85>) } #end
#for (S, -1, 1, 2)
  box { <S*(Kerb - 0.30), 0, -5>, <S*(Kerb - 0.22), 0.004, 9.6> Paint(<0.80, 0.68, 0.25>) }   // yellow lines
  box { <S*(Kerb - 0.50), 0, -5>, <S*(Kerb - 0.42), 0.004, 9.6> Paint(<0.80, 0.68, 0.25>) }
  box { <S*(Kerb - 1.98), 0, 10.4>, <S*(Kerb - 1.90), 0.003, 90> Paint(<0.82, 0.82, 0.80>) }    // parking bays
  #for (Z, -10, 150, 0.92)                                                                 // kerb stones
    box { <S*Kerb, -0.2, Z>, <S*(Kerb + 0.15), 0.115, Z + 0.91> Noisy(<0.62, 0.61, 0.58>*Rnd(0.85, 1.08), 0.12, 0.1) } #end
  box { <S*(Kerb + 0.15), -0.2, -20>, <S*(Kerb + 9), 0.11, 260>                             // paving slabs
    texture { pigment { brick pigment { srgb 0.36 } pigment { bozo scale 0.7
      color_map { [0 srgb <0.55, 0.54, 0.52>] [1 srgb <0.68, 0.67, 0.64>] } } brick_size <0.62, 0.6, 0.9> mortar 0.012 translate y*0.3 } }
    texture { pigment { granite scale 1.5 color_map { [0 rgbt <0.08, 0.08, 0.07, 0.5>] [0.6 rgbt 1] [1 rgbt <1, 1, 1, 0.9>] } } } }
#end

// ---------------------------------------------------------------- houses
// Local frame: the front is the plane x = 0 looking towards +x, along z from 0 to L.
#macro Window(Y, Z, W, H, Bars)
  #local Curtain = Rnd(0.04, 0.22);
  box { <-0.16, Y, Z>, <-0.14, Y + H, Z + W> Glass(<1, 1, 1.05>*Curtain) }
  #if (rand(R) < 0.45) box { <-0.139, Y + H*Rnd(0.4, 0.75), Z>, <-0.137, Y + H, Z + W> Flat(<0.72, 0.70, 0.64>) } #end
  union {
    box { <-0.14, Y, Z>, <-0.08, Y + H, Z + 0.07> }  box { <-0.14, Y, Z + W - 0.07>, <-0.08, Y + H, Z + W> }
    box { <-0.14, Y, Z>, <-0.08, Y + 0.08, Z + W> }  box { <-0.14, Y + H - 0.07, Z>, <-0.08, Y + H, Z + W> }
    box { <-0.14, Y + H*0.5 - 0.03, Z>, <-0.09, Y + H*0.5 + 0.03, Z + W> }
    #for (I, 1, Bars) box { <-0.14, Y, Z + W*I/(Bars + 1) - 0.02>, <-0.10, Y + H, Z + W*I/(Bars + 1) + 0.02> } #end
    Flat(<0.86, 0.86, 0.83>) }
  box { <-0.1, Y - 0.1, Z - 0.08>, <0.08, Y, Z + W + 0.08> texture { Stone } }
  box { <-0.1, Y + H, Z - 0.12>, <0.012, Y + H + 0.22, Z + W + 0.12> texture { Stone } }
#end
#macro House(S, X, Z0, L, Floors, Wall, Shop, Sign)
  #local FH = 2.95;  #local H = 0.4 + Floors*FH;  #local N = max(2, int(L/2.2));  #local W = 1.05;
  #local HH = 1.75;  #local Rise = Rnd(2.0, 3.0);  #local D = 8;
  union {
    difference {
      box { <-D, 0, 0>, <0, H, L> }
      #for (F, (Shop ? 1 : 0), Floors - 1) #for (I, 0, N - 1)
        box { <-0.2, 0.95 + F*FH, (I + 0.5)*L/N - W/2>, <1, 0.95 + F*FH + HH, (I + 0.5)*L/N + W/2> } #end #end
      #if (Shop) box { <-0.5, 0.1, 0.35>, <1, 2.75, L - 0.35> } #end
      texture { Wall } }
    #for (F, (Shop ? 1 : 0), Floors - 1) #for (I, 0, N - 1)
      #if (F = 0 & I = 1)                                                                  // the front door
        box { <-0.14, 0.1, (I + 0.5)*L/N - 0.5>, <-0.05, 2.6, (I + 0.5)*L/N + 0.5> Gloss(Pick(Doors)) }
        box { <-0.1, 0.1, (I + 0.5)*L/N - 0.5>, <0.02, 0.97, (I + 0.5)*L/N + 0.5> Gloss(Pick(Doors)) }
      #else Window(0.95 + F*FH, (I + 0.5)*L/N - W/2, W, HH, 1) #end
    #end #end
    #if (Shop)
      box { <-0.45, 0.1, 0.35>, <-0.42, 2.75, L - 0.35>                                     // goods on display
        texture { pigment { cells turbulence 0.08 scale <1, 0.42, 0.3> color_map { [0 srgb 0.05] [0.45 srgb <0.12, 0.11, 0.11>]
          [0.6 srgb <0.40, 0.33, 0.26>] [0.75 srgb <0.55, 0.54, 0.50>] [0.9 srgb <0.45, 0.15, 0.12>] [1 srgb 0.75] } } }
        texture { pigment { rgbt <0.03, 0.04, 0.05, 0.45> } finish { reflection 0.22 } } }
      #for (I, 0, 4) box { <-0.42, 0.1, 0.35 + (L - 0.8)*I/4>, <-0.02, 2.75, 0.45 + (L - 0.8)*I/4> Flat(Sign*0.8) } #end
      box { <-0.42, 0.1, 0.35>, <-0.04, 0.62, L*0.70> Flat(Sign*0.7) }
      box { <-0.1, 2.75, 0.1>, <0.18, 3.35, L - 0.1> Gloss(Sign) }
      box { <-0.1, 3.35, 0.05>, <0.26, 3.45, L - 0.05> texture { White } }
      object { text { internal 1 Pick(Names) 0.02, 0 } scale <0.42, 0.42, 1> rotate -y*90 scale <1, 1, -S>  // reads the right way round
        translate <0.19, 2.93, L*(S < 0 ? 0.25 : 0.75)> Flat(<0.9, 0.87, 0.75>) }
    #end
    prism { linear_sweep linear_spline 0, L, 4, <-D - 0.3, H>, <-D/2, H + Rise>, <0.3, H>, <-D - 0.3, H>
      rotate -x*90 scale <1, 1, -1> texture { Slate } }
    box { <-0.1, H - 0.22, 0>, <0.36, H + 0.02, L> texture { White } }                       // eaves and gutter
    cylinder { <0.08, 0.1, 0.12>, <0.08, H, 0.12>, 0.05 texture { Iron } }                   // downpipe
    box { <-D/2 - 0.6, H + Rise*0.5, L - 0.7>, <-D/2 + 0.6, H + Rise + 1.1, L> texture { Wall } }
    #for (I, -1, 1) cylinder { <-D/2 + I*0.36, H + Rise + 1.0, L - 0.35>, <-D/2 + I*0.36, H + Rise + 1.5, L - 0.35>, 0.13 Flat(<0.55, 0.33, 0.22>) } #end
    scale <-S, 1, 1> translate <S*X, 0, Z0> }
#end
#declare Doors = array[4] { <0.15, 0.22, 0.17>, <0.42, 0.10, 0.10>, <0.12, 0.16, 0.30>, <0.70, 0.69, 0.66> };
#declare Names = array[5] { "THE CORNER SHOP", "BOOKS & MAPS", "BAKERY", "CYCLE REPAIRS", "TEA ROOMS" };
#declare Signs = array[5] { <0.12, 0.25, 0.20>, <0.50, 0.12, 0.12>, <0.13, 0.18, 0.36>, <0.72, 0.66, 0.50>, <0.13, 0.12, 0.12> };
#declare Red = Brick(<0.52, 0.33, 0.25>)  #declare Buff = Brick(<0.66, 0.58, 0.43>)  #declare Dark = Brick(<0.42, 0.28, 0.23>)
#declare Walls = array[5] { texture { Red }, texture { Buff }, texture { White }, texture { Stone }, texture { Dark } };
House(-1, Front, 4, 9.5, 3, Walls[1], 1, Signs[0])
House(-1, Front, 13.5, 6.5, 2, Walls[2], 1, Signs[1])
House(-1, Front, 20, 8.5, 3, Walls[0], 0, Signs[2])
House( 1, Front + 5, 21, 11, 2, Walls[0], 0, Signs[0])
House( 1, Front, 33, 8, 3, Walls[1], 1, Signs[2])
#for (S, -1, 1, 2)
  #local Z = (S < 0 ? 28.5 : 41);
  #while (Z < 135) #local L = Rnd(6, 10); House(S, Front, Z, L, 2 + int(Rnd(0, 1.8)), Pick(Walls), (rand(R) < 0.5), Pick(Signs)) #local Z = Z + L; #end
#end
object { House(-1, 0, 0, 16, 3, Walls[3], 0, Signs[0]) rotate y*90 translate <-8, 0, 150> }  // closes the view

// ---------------------------------------------------------------- greenery: meshes of loose leaves
#macro Leaf(P, Sz)
  #local A = vnormalize(<Rnd(-1, 1), Rnd(-1, 1), Rnd(-1, 1)>);
  #local B = vnormalize(vcross(A, <Rnd(-1, 1), Rnd(-1, 1), Rnd(-1, 1)>));
  triangle { P, P + A*Sz, P + (A*0.5 + B*0.7)*Sz }
#end
#macro Leaves(C) texture { pigment { bozo scale 0.35 color_map { [0 srgb C*0.55] [0.5 srgb C] [1 srgb C*1.45] } }
  finish { diffuse 0.85 emission 0.02 } } #end
#macro Tree(N, Sz)                                       // about 7 m tall, crown in some forty tufts
  union {
    mesh { #for (K, 1, 42)
        #local D = vnormalize(<Rnd(-1, 1), Rnd(-0.8, 1), Rnd(-1, 1)>)*pow(rand(R), 0.4);
        #local C = <D.x*2.1, 4.9 + D.y*2.1, D.z*2.1>;
        #for (I, 1, N/42)
          #local E = vnormalize(<Rnd(-1, 1), Rnd(-1, 1), Rnd(-1, 1)>)*pow(rand(R), 0.5)*0.85;
          Leaf(C + <E.x, E.y*0.75, E.z>, Sz*Rnd(0.6, 1.3)) #end #end
    }
    union { cone { 0, 0.17, <0.05, 3.1, 0>, 0.11 }
      #for (K, 1, 14) #local A = K*2.4; cone { <0, 2.2 + K*0.09, 0>, 0.07, <cos(A)*1.4, 4 + K*0.17, sin(A)*1.4>, 0.02 } #end
      Noisy(<0.27, 0.23, 0.19>, 0.35, 0.2) }
  }
#end
#declare Tree1 = Tree(21000, 0.15);
#declare Tree2 = Tree(21000, 0.14);
#macro Plant(T, X, Z, Sc, C) object { T rotate y*Z*77 scale Sc*<1, 1.08, 1> translate <X, 0.1, Z> Leaves(C) } #end
#declare Green = <0.30, 0.38, 0.15>;
Plant(Tree1, 6.2, 17.5, 1.0, Green)            Plant(Tree2, 7.6, 25, 1.15, Green*0.85)
Plant(Tree2, 9.6, 20, 1.2, Green*0.9)          Plant(Tree1, 6.3, 31, 1.0, Green*1.1)
Plant(Tree1, -6.0, 44, 0.95, Green)            Plant(Tree2, 6.0, 52, 0.9, Green*1.05)
#for (I, 0, 6) Plant(Tree1, -12 + I*4.5, 143 + mod(I, 2)*3, 1.3, Green*0.9) #end
box { <7.35, 0, 8>, <7.95, 1.25, 32.5> Noisy(<0.10, 0.13, 0.06>, 0.5, 0.3) }               // hedge
mesh { #for (I, 1, 24000) Leaf(<Rnd(7.2, 8.1), Rnd(0.1, 1.42), 8 + 24.5*pow(rand(R), 1.2)>, Rnd(0.05, 0.10)) #end Leaves(Green*0.8) }

// ---------------------------------------------------------------- cars: side, front and plan outlines intersected
#macro Outline(A, Lo, Hi)                                  // a closed smooth prism through the points of A
  #local N = dimension_size(A, 1);
  prism { linear_sweep cubic_spline Lo, Hi, N + 3, A[N-1] #for (I, 0, N - 1) A[I] #end A[0], A[1] }
#end
#macro CarShape(Side) intersection {
  object { Outline(Side, -1, 1) rotate -x*90 }
  object { Outline(array[14] { <-0.74, 0.17>, <-0.84, 0.30>, <-0.86, 0.60>, <-0.82, 0.88>, <-0.74, 1.02>, <-0.61, 1.33>,
      <-0.46, 1.45>, <0.46, 1.45>, <0.61, 1.33>, <0.74, 1.02>, <0.82, 0.88>, <0.86, 0.60>, <0.84, 0.30>, <0.74, 0.17> }, -3, 3)
    rotate -x*90 rotate -y*90 scale <1, 1.02, 1> }
  object { Outline(array[14] { <-2.25, 0>, <-2.2, -0.45>, <-2.02, -0.72>, <-1.5, -0.84>, <0, -0.87>, <1.4, -0.84>, <1.9, -0.70>,
      <2.08, 0>, <1.9, 0.70>, <1.4, 0.84>, <0, 0.87>, <-1.5, 0.84>, <-2.02, 0.72>, <-2.2, 0.45> }, 0, 3) } }
#end
#declare Hatch = array[16] { <-1.80, 0.20>, <-1.98, 0.32>, <-2.02, 0.55>, <-1.97, 0.86>, <-1.84, 1.02>, <-1.58, 1.35>, <-1.30, 1.44>,
  <-0.5, 1.48>, <0.05, 1.45>, <0.40, 1.33>, <1.00, 0.98>, <1.60, 0.86>, <1.93, 0.70>, <2.03, 0.46>, <1.97, 0.28>, <1.80, 0.19> };
#declare Saloon = array[17] { <-1.98, 0.22>, <-2.16, 0.34>, <-2.20, 0.60>, <-2.14, 0.88>, <-2.00, 0.96>, <-1.60, 0.99>, <-1.42, 1.06>,
  <-1.00, 1.34>, <-0.6, 1.42>, <0.05, 1.42>, <0.38, 1.31>, <0.98, 0.97>, <1.60, 0.86>, <1.93, 0.71>, <2.03, 0.46>, <1.97, 0.28>, <1.80, 0.19> };
#macro Skin(B, C, Box) intersection { object { B translate -y*C scale 1.005 translate y*C } Box } #end
#macro CarModel(Side, Rear, Tail, C)                       // nose to +x; Rear, Tail: where the rear pillar ends at roof and waist
  union {
    #local B = CarShape(Side)
    difference { object { B }
      #for (S, -1, 1, 2) #for (X, -1.27, 1.3, 2.54) cylinder { <X, 0.30, S*0.58>, <X, 0.30, S*1.1>, 0.355 pigment { rgb 0.01 } } #end
        box { <-0.16, 0.45, S*0.95>, <-0.145, 0.95, S*0.80> pigment { rgb 0.01 } }            // door gap
        box { <0.86, 0.35, S*0.95>, <0.872, 0.95, S*0.80> pigment { rgb 0.01 } } #end
      Gloss(C) }
    union {                                                                                // windows
      object { Skin(B, 0.8, difference {
        prism { linear_sweep linear_spline -1, 1, 5, <Tail + 0.30, 0.95>, <Rear + 0.28, 1.32>, <0.16, 1.33>, <0.84, 0.96>, <Tail + 0.30, 0.95> rotate -x*90 }
        box { <-2, 0.5, -0.57>, <2, 2, 0.57> } box { <-0.21, 0, -2>, <-0.12, 2, 2> } box { <Tail + 0.52, 0, -2>, <Tail + 0.57, 2, 2> } }) }
      object { Skin(B, 0.8, box { <Tail - 0.5, 1.04, -0.56>, <Rear + 0.06, 1.35, 0.56> }) }
      object { Skin(B, 0.8, box { <0.28, 1.01, -0.60>, <1.05, 1.36, 0.60> }) }
      texture { pigment { gradient y color_map { [0.15 srgb 0.16] [0.25 srgb 0.05] [1 srgb 0.02] } translate y*0.98 }
        finish { diffuse 0.5 specular 0.4 roughness 0.005 reflection { 0.04, 0.7 fresnel on } } } interior { ior 1.5 } }
    object { Skin(B, 0.8, box { <-3, 0.1, -1>, <3, 0.30, 1> }) Flat(<0.10, 0.10, 0.10>) }      // sills
    object { Skin(B, 0.8, union { box { <-3, 0.38, -0.9>, <-1.75, 0.46, 0.9> } box { <-3, 0.635, -0.9>, <-1.75, 0.65, 0.9> }
      box { <1.75, 0.36, -0.9>, <3, 0.43, 0.9> } }) Flat(<0.08, 0.08, 0.08>) }
    object { Skin(B, 0.8, box { <1.7, 0.56, -0.38>, <3, 0.68, 0.38> }) Flat(<0.06, 0.06, 0.06>) }         // grille
    #for (S, -1, 1, 2)
      object { Skin(B, 0.8, box { <-3, 0.66, S*0.52>, <-1.82, 0.93, S*1> }) Gloss(<0.62, 0.05, 0.04>) }
      object { Skin(B, 0.8, box { <1.6, 0.63, S*0.50>, <3, 0.76, S*1> }) Gloss(<0.80, 0.83, 0.85>) }
      sphere { 0, 0.1 scale <0.7, 0.7, 1> translate <0.72, 1.0, S*0.93> Gloss(C*0.7) }
      #for (X, -1.27, 1.3, 2.54) union {
        torus { 0.225, 0.085 rotate x*90 Flat(<0.07, 0.07, 0.07>) }
        cylinder { -z*0.06, z*0.06, 0.2 Flat(<0.10, 0.10, 0.10>) }
        torus { 0.185, 0.02 rotate x*90 translate z*S*0.06 texture { Steel } }
        #for (I, 0, 4) box { <-0.03, 0, -0.07>, <0.03, 0.18, 0.07> rotate z*I*72 texture { pigment { srgb 0.62 } } } #end
        translate <X, 0.30, S*0.745> } #end
    #end
    object { Skin(B, 0.8, box { <-3, 0.51, -0.26>, <-1.75, 0.62, 0.26> }) scale <1.004, 1, 1> Flat(<0.85, 0.68, 0.12>) }
    object { Skin(B, 0.8, box { <1.75, 0.43, -0.26>, <3, 0.54, 0.26> }) scale <1.004, 1, 1> Flat(<0.85, 0.85, 0.82>) } }
#end
#macro Car(Kind, X, Z, Away, C)                            // Kind 0 hatchback, 1 saloon; Away 1 shows its tail
  object { #if (Kind) CarModel(Saloon, -1.0, -1.45, C) #else CarModel(Hatch, -1.5, -1.78, C) #end
    rotate y*(Away ? -90 : 90) translate <X, 0, Z> }
#end
Car(0, -1.05, 18, 1, <0.16, 0.22, 0.34>)     Car(1, 1.25, 26, 0, <0.45, 0.47, 0.49>)
#declare Left = Kerb - 0.98;
Car(0, -Left, 14.2, 1, <0.50, 0.09, 0.08>)     Car(1, -Left, 20, 1, <0.60, 0.62, 0.63>)
Car(0, -Left, 26, 1, <0.10, 0.11, 0.12>)       Car(0, -Left, 31.5, 1, <0.15, 0.25, 0.20>)
Car(1, Left, 12.2, 0, <0.55, 0.58, 0.60>)      Car(0, Left, 34.5, 0, <0.12, 0.16, 0.30>)
Car(0, Left, 49, 0, <0.75, 0.75, 0.73>)        Car(1, Left, 29, 0, <0.12, 0.12, 0.13>)
Car(0, Left, 39.5, 0, <0.42, 0.10, 0.10>)        Car(1, Left, 44.5, 0, <0.35, 0.38, 0.42>)
Car(1, -Left, 38, 1, <0.48, 0.46, 0.40>)       Car(0, -1.5, 48, 1, <0.62, 0.62, 0.62>)

// ---------------------------------------------------------------- people
#macro Limb(A, RA, B, RB) cone { A, RA, B, RB } sphere { A, RA } sphere { B, RB } #end
#macro Cloth(C) texture { pigment { bozo scale 0.1 color_map { [0 srgb C*0.75] [1 srgb C*1.2] } } normal { bumps 0.5 scale 0.09 } } #end
#macro Head(P) union {
  sphere { 0, 0.105 scale <0.82, 1.12, 0.95> Flat(<0.72, 0.53, 0.43>) }
  sphere { <0, 0.03, -0.018>, 0.108 scale <0.88, 1.1, 1> Flat(<0.16, 0.11, 0.08>) }
  cylinder { -y*0.2, 0, 0.055 Flat(<0.66, 0.48, 0.39>) } translate P } #end
#macro Walker(X, Z, Turn, Coat, Legs)                      // 1.75 m, walking towards +z
  union {
    union { Limb(<-0.09, 0.92, 0>, 0.10, <-0.10, 0.48, 0.14>, 0.065) Limb(<-0.10, 0.48, 0.14>, 0.065, <-0.10, 0.10, 0.20>, 0.05)
      Limb(<0.09, 0.92, 0>, 0.10, <0.10, 0.48, -0.02>, 0.065) Limb(<0.10, 0.48, -0.02>, 0.065, <0.10, 0.12, -0.30>, 0.05) Cloth(Legs) }
    union { Limb(<-0.10, 0.05, 0.20>, 0.05, <-0.10, 0.05, 0.34>, 0.045) Limb(<0.10, 0.08, -0.32>, 0.05, <0.10, 0.03, -0.2>, 0.045) Flat(<0.06, 0.05, 0.05>) }
    union { cone { <0, 0.78, 0>, 0.215 <0, 1.15, 0>, 0.18 scale <1, 1, 0.7> } cone { <0, 1.15, 0>, 0.18 <0, 1.42, 0>, 0.21 scale <1, 1, 0.66> }
      sphere { 0, 0.21 scale <1, 0.42, 0.66> translate y*1.42 }
      Limb(<-0.22, 1.40, 0>, 0.075, <-0.27, 1.12, -0.10>, 0.06) Limb(<-0.27, 1.12, -0.10>, 0.06, <-0.25, 0.88, 0.02>, 0.05)
      Limb(<0.22, 1.40, 0>, 0.075, <0.27, 1.12, 0.06>, 0.06) Limb(<0.27, 1.12, 0.06>, 0.06, <0.25, 0.92, 0.24>, 0.05) Cloth(Coat) }
    sphere { <-0.25, 0.83, 0.04>, 0.055 Flat(<0.72, 0.53, 0.43>) } sphere { <0.25, 0.88, 0.28>, 0.055 Flat(<0.72, 0.53, 0.43>) }
    Head(<0, 1.64, 0.02>)
    rotate y*Turn translate <X, 0.11, Z> }
#end
Walker(-5.15, 10.6, 170, <0.14, 0.15, 0.20>, <0.20, 0.24, 0.34>)
Walker(-5.85, 17.5, 5, <0.50, 0.14, 0.13>, <0.12, 0.12, 0.13>)
Walker(5.0, 24.5, 190, <0.62, 0.55, 0.44>, <0.14, 0.15, 0.20>)
Walker(-5.65, 13.6, 0, <0.46, 0.42, 0.34>, <0.13, 0.13, 0.15>)
union {                                                    // a cyclist riding ahead of us
  #for (Z, -0.52, 0.53, 1.04) union { torus { 0.32, 0.022 } #for (I, 0, 8) cylinder { -x*0.32, x*0.32, 0.003 rotate y*I*20 } #end
    rotate z*90 translate <0, 0.34, Z> texture { Iron } } #end
  union { cylinder { <0, 0.34, -0.52>, <0, 0.30, 0>, 0.02 } cylinder { <0, 0.30, 0>, <0, 0.88, -0.18>, 0.02 } cylinder { <0, 0.34, -0.52>, <0, 0.80, -0.15>, 0.016 }
    cylinder { <0, 0.80, -0.15>, <0, 0.82, 0.38>, 0.02 } cylinder { <0, 0.30, 0>, <0, 0.80, 0.38>, 0.022 } cylinder { <0, 0.34, 0.52>, <0, 1.0, 0.33>, 0.02 }
    cylinder { <-0.28, 1.02, 0.33>, <0.28, 1.02, 0.33>, 0.018 } box { <-0.08, 0.86, -0.32>, <0.08, 0.92, -0.05> } Gloss(<0.10, 0.22, 0.15>) }
  box { <-0.03, 0.5, -0.90>, <0.03, 0.56, -0.86> Gloss(<0.7, 0.05, 0.05>) }
  union { Limb(<-0.10, 0.95, -0.15>, 0.11, <-0.12, 0.78, 0.27>, 0.07) Limb(<-0.12, 0.78, 0.27>, 0.07, <-0.12, 0.40, 0.05>, 0.05)
    Limb(<0.10, 0.95, -0.15>, 0.11, <0.12, 0.60, 0.20>, 0.07) Limb(<0.12, 0.60, 0.20>, 0.07, <0.12, 0.20, -0.05>, 0.05)
      sphere { <0, 0.98, -0.18>, 0.17 } Cloth(<0.13, 0.14, 0.19>) }
  union { cone { <0, 1.0, -0.18>, 0.17, <0, 1.42, 0.05>, 0.19 } sphere { <0, 1.42, 0.05>, 0.19 }
    #for (S, -1, 1, 2) Limb(<S*0.18, 1.42, 0.06>, 0.075, <S*0.29, 1.16, 0.16>, 0.06) Limb(<S*0.29, 1.16, 0.16>, 0.06, <S*0.24, 1.05, 0.34>, 0.05) #end
    Cloth(<0.60, 0.52, 0.12>) }
  object { Head(<0, 1.70, 0.14>) }
  translate <-2.2, 0, 11> }

// ---------------------------------------------------------------- street furniture
#macro Lamp(X, Z) union {
  cone { 0, 0.10, y*1.3, 0.085 } cone { y*1.3, 0.062, y*6.6, 0.045 }
  cylinder { y*6.55, <(X > 0 ? -1 : 1)*1.1, 6.85, 0>, 0.032 } sphere { 0, 0.2 scale <1.8, 0.35, 0.7> translate <(X > 0 ? -1 : 1)*1.35, 6.88, 0> }
  texture { Steel } translate <X, 0.1, Z> } #end

#macro SignPost(X, Z, H) cylinder { <X, 0.1, Z>, <X, H, Z>, 0.04 texture { Steel } } #end
Lamp(4.75, 15.2)  Lamp(-4.75, 27)  Lamp(4.75, 41)  Lamp(-4.75, 56)  Lamp(4.75, 72)
SignPost(-4.7, 12.4, 3.0)                                  // a round red-ringed sign and its little plate
union { cylinder { <-4.7, 2.65, 12.30>, <-4.7, 2.65, 12.33>, 0.33 Flat(<0.72, 0.06, 0.07>) }
  cylinder { <-4.7, 2.65, 12.29>, <-4.7, 2.65, 12.30>, 0.245 Flat(<0.88, 0.88, 0.86>) }
  text { internal 2 "30" 0.02, 0 scale <0.36, 0.36, 1> translate <-4.90, 2.525, 12.275> Flat(<0.05, 0.05, 0.05>) }
  box { <-4.93, 1.95, 12.30>, <-4.47, 2.22, 12.33> Flat(<0.86, 0.86, 0.84>) } }
SignPost(4.8, 13.2, 3.3)                                    // a blue one across the road, a yellow one further off
box { <4.5, 2.45, 13.12>, <5.1, 3.3, 13.15> Flat(<0.08, 0.22, 0.55>) }
text { internal 2 "P" 0.02, 0 scale <0.75, 0.75, 1> translate <4.58, 2.62, 13.09> Flat(<0.9, 0.9, 0.9>) }
SignPost(-4.75, 34, 3.0)  box { <-5.15, 2.2, 33.9>, <-4.35, 2.9, 33.93> Flat(<0.80, 0.62, 0.10>) }
#for (Z, 8, 32.4, 0.14) cylinder { <7.05, 0.1, Z>, <7.05, 1.08, Z>, 0.011 texture { Iron } } #end   // railings
#for (Z, 8, 32.4, 2.4) cylinder { <7.05, 0.1, Z>, <7.05, 1.2, Z>, 0.03 texture { Iron } } #end
#for (Y, 0.2, 1.1, 0.84) box { <7.03, Y, 8>, <7.07, Y + 0.04, 32.4> texture { Iron } } #end
#for (Z, 7.2, 8.5, 1.2) cylinder { <-4.8, 0.1, Z>, <-4.8, 1.05, Z>, 0.06 texture { Iron } } #end        // bollards
